"""Documents on paper: `Document` → PDF."""

from worker.rendering.brand import Brand
from worker.rendering.printing import preload, preview_pdf, render_pdf

__all__ = ["Brand", "preload", "preview_pdf", "render_pdf"]
