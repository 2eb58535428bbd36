"""Which kind of device a user agent comes from, by the words that its makers agreed on.

Words that say what a thing is (``Tablet``, ``Mobile``, ``SMART-TV``) come first; what a system alone implies comes
last: Android without ``Mobile`` is a tablet, Windows NT a desktop.
"""

from __future__ import annotations

import re2

_TV = (
    r"smart-?tv|hbbtv|google ?tv|apple ?tv|netcast|web0s|bravia|viera|inettvbrowser|roku|crkey|aquos|dtv|\btv\b"
    r"|\baft[abmnst]\b|philipstv|opera tv|ce-html"
)
_CONSOLE = r"nintendo wii|nintendo switch|playstation [345]|xbox"
_TABLET = (
    r"ipad|tablet(?:[^ ]| [^p]|$)|kindle|\bkf[a-z]{2,5}\b|playbook|touchpad|xoom|nexus (?:7|9|10)\b|[a-z]*pad ?\d*\b"
    r"|[a-z_]*tab\b|tab ?\d|\btab_|sm-[tpx]\d|gt-p\d|sc-01c|gt-n[58]\d|pixel c\b|lenovo (?:[ab]\d{4}|tb)|ubislate"
    r"|windows nt \d+\.\d; arm; trident"
    r"|transformer|iconia|\bslate\b|\bdroidpad|eee ?pad|galaxy ?tab"
)
#: where the system alone says tablet, these are phones
_PHONE_MODEL = r"opera m|\bsm-[agfjnsm]\d|\bgt-[in]\d|\bhtc\b|\bnexus [456]|\bpixel\b|\bxl\d|iphone|\bmobile\b"
_MOBILE = (
    r"mobi|iphone|ipod|windows phone|windows ce|iemobile|blackberry|bb10|rim tablet|symb(?:ian|os)|series ?[2346]0|s60"
    r"|opera mini|opera mobi|palm|webos|midp|cldc|j2me|up\.browser|up\.link|\bwap|nokia|maemo|meego|kaios|fennec|minimo"
    r"|sonyericsson|samsung-|\blg-|\bmot-|dolfin|bada|tizen|nintendo 3ds|nintendo ds|playstation (?:portable|vita)"
    r"|\(psp|phone|smartphone|pocket|netfront|obigo|ucweb|ucbrowser|blazer|skyfire|nf-browser|hiptop|\bxda|\bhtc|\bbrew"
)
_DESKTOP = r"windows nt|windows 9|win(?:dows)? ?(?:95|98|me)\b|macintosh|mac os x|x11|linux|cros|freebsd|openbsd|netbsd"


def _words(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return re2.compile(pattern, options)


_tv, _console, _tablet, _mobile, _desktop = map(_words, (_TV, _CONSOLE, _TABLET, _MOBILE, _DESKTOP))
_android = _words(r"android|adr ")
_phone_model = _words(_PHONE_MODEL)
#: as which Windows phones that ask for the desktop site give themselves away
_windows_phone = _words(r"wpdesktop|lumia")


def device_of(user_agent: str) -> str:
    """``desktop``, ``mobile``, ``tablet``, ``tv``, ``console`` or ``other``."""
    if _tv.search(user_agent):
        return "tv"
    if _console.search(user_agent):
        return "console"
    if _windows_phone.search(user_agent):
        return "mobile"
    if _tablet.search(user_agent):
        return "tablet"
    if _android.search(user_agent):
        return "mobile" if _phone_model.search(user_agent) else "tablet"
    if _mobile.search(user_agent):
        return "mobile"
    return "desktop" if _desktop.search(user_agent) else "other"
