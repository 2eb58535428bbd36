"""The Liquid library is loaded only where there is Liquid."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from tailorbird.domain.campaign import Content
from tailorbird.templates import Values, compile_content, render
content = compile_content(Content(body={{"text": {text!r}}}))
render(content, Values(attributes={{"name": "Ann"}}))
print("liquid" in sys.modules)
"""


@pytest.mark.parametrize(("text", "loaded"), [("Hello", "False"), ("Hello {{ user.name }}", "True")])
def test_only_dynamic_content_loads_liquid(text: str, loaded: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(text=text)], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.strip() == loaded
