"""Content with Liquid in it: parsed and checked once, rendered for each visitor, withheld where a value is missing.

``compile_content`` turns what a marketer published into ``CompiledContent``, which says what it needs to know;
``render`` fills it with one request's ``Values``. Rendering is pure, bounded in time and size, and never raises.
"""

from tailorbird.templates.content import CompiledContent, compile_content, render
from tailorbird.templates.locales import pick_locale
from tailorbird.templates.values import Values

__all__ = ["CompiledContent", "Values", "compile_content", "pick_locale", "render"]
