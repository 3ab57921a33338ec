"""Documents on paper: `Document` → PDF."""

from worker.rendering.brand import LAYOUTS, Brand
from worker.rendering.printing import preload, preview_pdf, render_pdf

__all__ = ["LAYOUTS", "Brand", "preload", "preview_pdf", "render_pdf"]
