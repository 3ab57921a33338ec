"""`Document` → PDF."""

from worker.rendering.brand import LAYOUTS, Brand
from worker.rendering.render import preload, preview_pdf, render_pdf

__all__ = ["LAYOUTS", "Brand", "preload", "preview_pdf", "render_pdf"]
