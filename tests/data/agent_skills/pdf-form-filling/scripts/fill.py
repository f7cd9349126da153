#!/usr/bin/env python3
import json
import sys

from pypdf import PdfReader, PdfWriter


def main():
    form, values, out = sys.argv[1:4]
    writer = PdfWriter(clone_from=PdfReader(form))
    with open(values) as f:
        data = json.load(f)
    for page in writer.pages:
        writer.update_page_form_field_values(page, data)
    writer.write(out)

if __name__ == "__main__":
    main()
