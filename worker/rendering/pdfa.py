"""A PDF of ours as PDF/A-3b (ISO 19005-3) with a file inside that programs read: Factur-X 1.0, also called ZUGFeRD 2.

What our PDF lacks for it: metadata as XMP, a colour profile, links that are printed, and no font but embedded ones. Equal
input gives equal bytes.
"""

import io
from functools import cache
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Page, Pdf, String
from PIL import ImageCms

FILE_NAME = "factur-x.xml"
PROPERTIES = {
    "DocumentFileName": "name of the embedded XML file",
    "DocumentType": "INVOICE",
    "Version": "version of the schema",
    "ConformanceLevel": "conformance level of the embedded data",
}
_PRINT = 4  # the flag that every annotation has (6.3.2)


def with_invoice(pdf: bytes, xml: bytes) -> bytes:
    """*pdf* with *xml*, a Cross Industry Invoice of the profile EN 16931, inside it."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for page in document.pages:
            embed_fonts(page)
            for annotation in page.get("/Annots", []):
                annotation.F = _PRINT
        add_profile(document)
        add_file(document, xml)
        add_metadata(document)
        out = io.BytesIO()
        document.save(
            out, min_version="1.7", deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable
        )
    return out.getvalue()


def embed_fonts(page: Page) -> None:
    """reportlab selects Helvetica at the top of each page without writing with it; an embedded font stands in (6.2.11.4)."""
    forms = page.resources.get("/XObject")
    inside = [form for _, form in forms.items() if "/Resources" in form] if forms is not None else []
    for holder in (page.obj, *inside):
        fonts = holder.Resources.get("/Font")
        if fonts is not None:
            replace_unembedded(fonts)


def replace_unembedded(fonts: Object) -> None:
    embedded = next((font for _, font in fonts.items() if is_embedded(font)), None)
    for name, font in list(fonts.items()):
        if embedded is not None and not is_embedded(font) and font.Subtype == Name.Type1:
            fonts[name] = embedded


def is_embedded(font: Object) -> bool:
    return "/FontDescriptor" in font or "/DescendantFonts" in font


def add_profile(document: Pdf) -> None:
    """What the colours mean (6.2.3)."""
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name("/GTS_PDFA1"),
        OutputConditionIdentifier=String("sRGB"),
        Info=String("sRGB"),
        DestOutputProfile=document.make_stream(srgb(), N=3),
    )
    document.Root.OutputIntents = Array([document.make_indirect(intent)])


@cache
def srgb() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07d000010001000000000000")  # made on 1 January 2000: the same bytes on every day
    return bytes(profile)


def add_file(document: Pdf, xml: bytes) -> None:
    facts = Dictionary(Size=len(xml), ModDate=document.docinfo.get("/CreationDate", String("")))
    stream = document.make_stream(xml, Type=Name.EmbeddedFile, Subtype=Name("/text/xml"), Params=facts)
    file = document.make_indirect(
        Dictionary(
            Type=Name.Filespec,
            F=String(FILE_NAME),
            UF=String(FILE_NAME),
            Desc=String("Factur-X invoice"),
            AFRelationship=Name.Alternative,
            EF=Dictionary(F=stream, UF=stream),
        )
    )
    document.Root.AF = Array([file])
    document.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array([String(FILE_NAME), file])))


# Metadata


def add_metadata(document: Pdf) -> None:
    """The same facts in the XMP as in the older dictionary, which may say nothing that the XMP does not (6.6.3)."""
    info = document.docinfo
    for key in ("/Creator", "/Keywords", "/Subject", "/Trapped"):
        if key in info:
            del info[key]
    title, author, producer, made = (
        str(info.get(key, "")) for key in ("/Title", "/Author", "/Producer", "/CreationDate")
    )
    xmp = metadata(title, author, producer, iso_time(made))
    document.Root.Metadata = document.make_stream(xmp.encode(), Type=Name.Metadata, Subtype=Name.XML)


def iso_time(text: str) -> str:
    """“D:20261122100000+00'00'” as XMP writes it."""
    digits = text.removeprefix("D:")[:14]
    return (
        f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:14]}+00:00"
        if digits
        else ""
    )


def metadata(title: str, author: str, producer: str, made: str) -> str:
    parts = (
        described("pdfaid", "http://www.aiim.org/pdfa/ns/id/", part="3", conformance="B"),
        _DUBLIN_CORE.format(title=escape(title), author=escape(author)),
        described("pdf", "http://ns.adobe.com/pdf/1.3/", Producer=producer),
        described("xmp", "http://ns.adobe.com/xap/1.0/", CreateDate=made, ModifyDate=made),
        described(
            "fx",
            _FACTUR_X,
            DocumentType="INVOICE",
            DocumentFileName=FILE_NAME,
            Version="1.0",
            ConformanceLevel="EN 16931",
        ),
        _EXTENSION.format(
            properties="".join(_PROPERTY.format(name=name, says=says) for name, says in PROPERTIES.items())
        ),
    )
    return _PACKET.format(parts="".join(parts))


def described(prefix: str, namespace: str, **values: str) -> str:
    told = "".join(f"<{prefix}:{name}>{escape(value)}</{prefix}:{name}>" for name, value in values.items())
    return f'<rdf:Description rdf:about="" xmlns:{prefix}="{namespace}">{told}</rdf:Description>'


_FACTUR_X = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{parts}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
_DUBLIN_CORE = (
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>'
    "<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator></rdf:Description>"
)
# A name that the standard does not know is explained in the file itself (6.6.2.3).
_EXTENSION = (
    '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
    ' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">'
    '<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">'
    "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
    f"<pdfaSchema:namespaceURI>{_FACTUR_X}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
    "<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property>"
    "</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)
_PROPERTY = (
    '<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>'
    "<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>"
    "<pdfaProperty:description>{says}</pdfaProperty:description></rdf:li>"
)
