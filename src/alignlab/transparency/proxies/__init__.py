"""What gives a sensitive attribute away, and how much of a gap goes by it."""

from alignlab.transparency.proxies.finding import Proxies, Proxy, find_proxies
from alignlab.transparency.proxies.telling import Telling, predictability

__all__ = ["Proxies", "Proxy", "Telling", "find_proxies", "predictability"]
