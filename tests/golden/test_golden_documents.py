"""What each kind of document says in each language and layout, word by word, in the folder of the layout."""

import io
from pathlib import Path

import pypdf
import pytest

from worker.rendering import LAYOUTS, Brand, render_pdf
from worker.rendering.samples import edge_cases, ordinary

EXAMPLES = {**ordinary(), **edge_cases()}


def text_of(pdf: bytes) -> str:
    """The pages as they look, and under each what stands in its static frames, which the layout leaves out."""
    return "\n\f\n".join(_page(page) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages) + "\n"


def _page(page: pypdf.PageObject) -> str:
    layout = [line.rstrip() for line in page.extract_text(extraction_mode="layout").splitlines()]
    everything = [line.strip() for line in page.extract_text().splitlines()]
    in_frames = len(" ".join(everything).split()) - len(" ".join(layout).split())
    frames: list[str] = []
    while len(" ".join(frames).split()) < in_frames:  # the frames come first
        frames.append(everything[len(frames)])
    return "\n".join([*layout, "-" * 40, *frames])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_document_says_what_it_said_before(name: str, layout: str, update_golden: bool) -> None:
    golden = Path(__file__).parent / layout / f"{name}.txt"

    text = text_of(render_pdf(EXAMPLES[name], brand=Brand(layout=layout)))

    if update_golden:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
