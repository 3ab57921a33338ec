"""Why something is sold without VAT: asked for in lines of three fields each."""

from bridge.forms import Form
from bridge.i18n.translate import _
from worker.domain import setting_readers
from worker.domain.zero_reason import Mark

SETTING = "vat.zero_reasons"
SPARE_LINES, MOST_LINES = 3, 200


def as_fields(text: str) -> dict[str, str]:
    """The fields of the lines that say why something is sold without VAT, with some empty ones."""
    reasons = [(one.mark, one.value, one.what) for one in setting_readers.read_zero_reasons(text)]
    lines = [*reasons, *(((Mark.NAME, "", ""),) * SPARE_LINES)]
    return {
        f"{SETTING}-{part}-{number}": str(value)
        for number, line in enumerate(lines)
        for part, value in zip(("mark", "value", "what"), line, strict=True)
    }


def as_text(form: Form) -> str:
    """What those fields say, as `settings_form` reads it. Lines without a reason are an error of the form."""
    found, unsaid = [], []
    for number in range(MOST_LINES):
        mark, value, what = (form.values.get(f"{SETTING}-{part}-{number}", "") for part in ("mark", "value", "what"))
        if value and not what:
            unsaid.append(_("Choose what “{value}” is.", value=value))
        elif value:
            found.append(f"{mark} {value} = {what}")
    if unsaid:
        form.errors[SETTING] = " ".join(unsaid)
    return "\n".join(found)
