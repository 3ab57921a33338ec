"""PDFs as an owner has them."""

import io

import pikepdf
from pikepdf import Dictionary, Encryption, Name, Pdf, String


def a_pdf(*, script: str = "", starts: str = "", password: str | None = None) -> bytes:
    """One of a page, which runs a *script*, *starts* a program, or asks for a *password* (empty: only to change it)."""
    document = Pdf.new()
    document.add_blank_page()
    if script:
        document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String(script))
    if starts:
        action = Dictionary(S=Name.Launch, F=String(starts))
        document.pages[0].Annots = pikepdf.Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, A=action)])
    written = io.BytesIO()
    encryption = False if password is None else Encryption(owner="owner", user=password)
    document.save(written, encryption=encryption, static_id=password is None)
    return written.getvalue()
