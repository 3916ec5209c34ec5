"""Sealing of web push: messages that only the browser can open (RFC 8291, 8188), and who sends them (RFC 8292)."""

import json
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dispatch.domain.push import VAPID_KEY_BYTES, PushTarget, from_base64url, to_base64url

LONGEST_TEXT: Final = 3993
"""Bytes of a message: push services take 4096 (RFC 8030, 7.2), of which header, delimiter and tag are 103."""
_RECORD_SIZE: Final = 4096
_LAST_RECORD: Final = b"\x02"
TOKEN_LIVES: Final = timedelta(hours=12)
"""RFC 8292 allows 24 h; half of it leaves room for clocks that are wrong."""


def new_vapid_key() -> str:
    """Draw a private key: 32 bytes in base64url, as other web push tools write it."""
    scalar = generate_private_key(SECP256R1()).private_numbers().private_value
    return to_base64url(scalar.to_bytes(VAPID_KEY_BYTES, "big"))


def read_vapid_key(text: str) -> EllipticCurvePrivateKey:
    """Read a private key.

    Raises:
        ValueError: not 32 bytes in base64url, or no key of the curve.
    """
    scalar = from_base64url(text)
    if len(scalar) != VAPID_KEY_BYTES:
        message = "a VAPID key is 32 bytes in base64url"
        raise ValueError(message)
    return derive_private_key(int.from_bytes(scalar, "big"), SECP256R1())


def point_of(key: EllipticCurvePublicKey) -> bytes:
    """Give a public key as push services and browsers take it: an uncompressed point."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def seal(text: bytes, target: PushTarget, *, key: EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """Seal a message for one browser (RFC 8291, 3.4). `key` and `salt` must be fresh for every message.

    Raises:
        ValueError: the browser's key is none of the curve, or the text is longer than push services take.
    """
    if len(text) > LONGEST_TEXT:
        message = f"{len(text)} bytes; push services take {LONGEST_TEXT}"
        raise ValueError(message)
    receiver = from_base64url(target.p256dh)
    shared = key.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), receiver))
    sender = point_of(key.public_key())
    both = b"WebPush: info\x00" + receiver + sender
    secret = HKDF(SHA256(), 32, salt=from_base64url(target.auth), info=both).derive(shared)
    content_key = HKDF(SHA256(), 16, salt=salt, info=b"Content-Encoding: aes128gcm\x00").derive(secret)
    nonce = HKDF(SHA256(), 12, salt=salt, info=b"Content-Encoding: nonce\x00").derive(secret)
    sealed = AESGCM(content_key).encrypt(nonce, text + _LAST_RECORD, None)
    return salt + _RECORD_SIZE.to_bytes(4, "big") + bytes([len(sender)]) + sender + sealed


def vapid_token(key: EllipticCurvePrivateKey, *, audience: str, subject: str, now: datetime) -> str:
    """Sign who sends to a push service, for twelve hours (RFC 8292, 2); `subject` is whom its operator may write to."""
    claims: dict[str, object] = {"aud": audience, "exp": int((now + TOKEN_LIVES).timestamp())}
    if subject:
        claims["sub"] = subject
    signed = ".".join(_part(part) for part in ({"typ": "JWT", "alg": "ES256"}, claims)).encode()
    r, s = decode_dss_signature(key.sign(signed, ECDSA(SHA256())))
    signature = r.to_bytes(VAPID_KEY_BYTES, "big") + s.to_bytes(VAPID_KEY_BYTES, "big")
    return f"{signed.decode()}.{to_base64url(signature)}"


def _part(value: object) -> str:
    return to_base64url(json.dumps(value, separators=(",", ":")).encode())
