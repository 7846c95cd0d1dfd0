"""Cases of your own, run with several models or settings side by side, and what came of them."""

from agentkit.evaluation.cases import Case, ExpectedCall, read_cases
from agentkit.evaluation.evaluate import Variant, evaluate
from agentkit.evaluation.figures import Evaluation, Figures
from agentkit.evaluation.html import report
from agentkit.evaluation.judge import Made, Outcome

__all__ = [
    "Case",
    "Evaluation",
    "ExpectedCall",
    "Figures",
    "Made",
    "Outcome",
    "Variant",
    "evaluate",
    "read_cases",
    "report",
]
