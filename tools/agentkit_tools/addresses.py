"""Which network addresses are on the public internet."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that is handed out for the public internet (RFC 4291, IANA)
_NAT64 = IPv6Network("64:ff9b::/96")  # an IPv4 address in the last 32 bits (RFC 6052)
_NEVER = (
    IPv4Network("168.63.129.16/32"),  # Azure's platform channel, public in form only
    IPv4Network(
        "192.0.0.0/24"
    ),  # protocol assignments, Oracle's metadata service: not all Pythons know the whole block
    IPv6Network("3fff::/20"),  # documentation (RFC 9637), newer than most Pythons
)


def is_public(address: str) -> bool:
    """Whether an address (IPv4 or IPv6, as `getaddrinfo` gives it) belongs to a host on the public internet.

    Not public are private, loopback, link-local, multicast, shared, reserved and unspecified ones, the addresses of
    cloud metadata services, and IPv6 addresses that carry such an IPv4 address (mapped, 6to4, Teredo, NAT64).
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if any(parsed in network for network in _NEVER):
        return False
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved
    embedded = _embedded(parsed)
    if embedded is not None:
        return is_public(str(embedded))
    return parsed in _GLOBAL_UNICAST and parsed.is_global and parsed.teredo is None and parsed.scope_id is None


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this IPv6 address are for."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
