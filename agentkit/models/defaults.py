"""What a checkpoint's folder says about how its model is to be asked: `agentkit.json`, beside its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from agentkit.errors import UserError
from agentkit.models.calibration import Calibration
from agentkit.settings import ModelSettings

FILE = "agentkit.json"


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """`settings` hold where neither the program nor the run says otherwise; `calibration` is of the certainty that the
    model tells of its calls' arguments."""

    settings: ModelSettings = field(default_factory=ModelSettings)
    calibration: Calibration = field(default_factory=Calibration)

    __pydantic_config__ = ConfigDict(extra="forbid")


def read_defaults(source: str | Path) -> Defaults:
    """The defaults of a checkpoint's folder; none for a hub id, or a folder that says nothing.

    Raises `UserError` for a file that can't be read as such.
    """
    path = Path(source).expanduser() / FILE
    try:
        text = path.read_bytes()
    except OSError:
        return Defaults()
    try:
        return _ADAPTER.validate_json(text)
    except (ValidationError, UserError) as error:
        found = error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else error
        raise UserError(f"{path} doesn't hold a checkpoint's defaults ({found}): mend it or delete it.") from None


def write_defaults(folder: Path, defaults: Defaults) -> None:
    """Writes what differs from no defaults at all."""
    (folder / FILE).write_bytes(_ADAPTER.dump_json(defaults, indent=2, exclude_none=True) + b"\n")


_ADAPTER = TypeAdapter(Defaults)
