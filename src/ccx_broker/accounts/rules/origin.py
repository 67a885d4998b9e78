"""Where a request comes from, as far as its owner or a limit needs to know it."""

import ipaddress

DEVICE_LONGEST = 100


def network_of(host: str | None) -> str:
    """Return what counts as one place on the network: an IPv4 address, or the /64 that one IPv6 user has."""
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def device_name(user_agent: str | None) -> str:
    """Name a browser or program so that its owner knows it again: *Firefox on Linux*, else its own first word."""
    agent = user_agent or ""
    # The order matters: Edge and Opera also say Chrome, and Chrome also says Safari.
    browsers = {
        "Edg": "Edge",
        "OPR/": "Opera",
        "Firefox/": "Firefox",
        "FxiOS/": "Firefox",
        "Chrome/": "Chrome",
        "CriOS/": "Chrome",
        "Safari/": "Safari",
    }
    systems = {
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Android": "Android",
        "Windows": "Windows",
        "Mac OS X": "Mac",
        "CrOS": "ChromeOS",
        "Linux": "Linux",
    }
    browser = next((name for mark, name in browsers.items() if mark in agent), None)
    system = next((name for mark, name in systems.items() if mark in agent), None)
    if browser:
        return f"{browser} on {system}" if system else browser
    words = "".join(c for c in agent if c.isprintable()).split()
    return words[0][:DEVICE_LONGEST] if words else "A program that did not say its name"
