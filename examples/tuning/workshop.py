"""Twelve tools of a makers' workshop, to tune the bundled model to: see docs/tuning.md."""

from typing import Annotated, Literal

from pydantic import Field


def fire_kiln(program: Literal["bisque", "glaze", "raku"], degrees: Annotated[int, Field(ge=600, le=1300)]) -> str:
    """Start the kiln.

    Args:
        program: The firing program.
        degrees: The highest temperature.
    """
    return "the kiln is heating up"


def cut_shape(drawing: str, material: str) -> str:
    """Cut a shape with the laser.

    Args:
        drawing: The file with the shape.
        material: What it is cut from.
    """
    return "cut in 4 minutes"


def print_model(model: str, colour: str, copies: int = 1) -> str:
    """Print a model in plastic.

    Args:
        model: The file of the model.
        colour: The colour of the plastic.
        copies: How many pieces.
    """
    return "done in 3 hours"


def mix_glaze(glaze: str, grams: int) -> str:
    """Weigh out and stir a glaze.

    Args:
        glaze: The name of the glaze.
        grams: How much of it, in grams.
    """
    return "bucket 7"


def reserve_bench(bench: int, day: str, hours: int) -> str:
    """Keep a workbench free for somebody.

    Args:
        bench: The number of the bench.
        day: The day it is needed.
        hours: For how many hours.
    """
    return "reserved"


def hand_out(implement: str, member: str) -> str:
    """Lend a hand tool to a member.

    Args:
        implement: What is lent.
        member: The name of the member.
    """
    return "noted"


def shelve_piece(piece: str, shelf: str) -> str:
    """Store a finished piece.

    Args:
        piece: What it is.
        shelf: The code of the shelf, such as C4.
    """
    return "stored"


def sharpen_blade(blade: str, angle: int) -> str:
    """Have a blade sharpened.

    Args:
        blade: Which blade.
        angle: The angle of its edge in degrees.
    """
    return "ready tomorrow"


def certify_member(member: str, machine: Literal["lathe", "laser", "bandsaw", "welder"]) -> str:
    """Allow a member to use a machine.

    Args:
        member: The name of the member.
        machine: Which machine.
    """
    return "may use it from now on"


def charge_material(member: str, material: str, euros: float) -> str:
    """Put material on a member's bill.

    Args:
        member: Who pays.
        material: What was used.
        euros: What it costs.
    """
    return "on the bill"


def report_fault(machine: str, symptom: str) -> str:
    """Tell the technician that a machine has a fault.

    Args:
        machine: Which machine.
        symptom: What is wrong with it.
    """
    return "the technician knows"


def set_extraction(power: Annotated[int, Field(ge=0, le=100)]) -> str:
    """Adjust the dust extraction.

    Args:
        power: The power in percent.
    """
    return "adjusted"


functions = [
    fire_kiln,
    cut_shape,
    print_model,
    mix_glaze,
    reserve_bench,
    hand_out,
    shelve_piece,
    sharpen_blade,
    certify_member,
    charge_material,
    report_fault,
    set_extraction,
]
