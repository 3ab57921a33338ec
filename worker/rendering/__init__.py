"""`Document` → PDF."""

from worker.rendering.brand import LAYOUTS, Brand
from worker.rendering.print_process import Printed
from worker.rendering.render import finished_pdf, preload, preview_pdf, render_pdf
from worker.rendering.way import Way

__all__ = ["LAYOUTS", "Brand", "Printed", "Way", "finished_pdf", "preload", "preview_pdf", "render_pdf"]
