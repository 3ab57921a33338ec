"""`Document` → PDF."""

from worker.rendering.brand import LAYOUTS, Brand
from worker.rendering.render import finished_pdf, preload, preview_pdf, render_pdf

__all__ = ["LAYOUTS", "Brand", "finished_pdf", "preload", "preview_pdf", "render_pdf"]
