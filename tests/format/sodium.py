"""The cryptography of the format in plain Python, for a second reader.

Ed25519 (RFC 8032), X25519 (RFC 7748), and libsodium's crypto_secretbox,
crypto_box, crypto_box_seal, crypto_aead_xchacha20poly1305_ietf and
crypto_secretstream_xchacha20poly1305.

Written to be read and compared, not to be used with keys of worth: the time
it takes depends on secrets.
"""
import array
import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def blake(data, size=32):
    return hashlib.blake2b(data, digest_size=size).digest()


def little(data):
    return int.from_bytes(data, "little")


def point_add(p, q):
    """RFC 8032, 5.1.4: points as X, Y, Z, T."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_times(n, p):
    q = NEUTRAL
    while n:
        if n & 1:
            q = point_add(q, p)
        p = point_add(p, p)
        n >>= 1
    return q


def point_bytes(p):
    z = pow(p[2], -1, P)
    return (p[1] * z % P | (p[0] * z % P & 1) << 255).to_bytes(32, "little")


def point_read(data):
    """The point, or None where the 32 bytes are not its one spelling."""
    y, sign = little(data) & (2**255 - 1), data[31] >> 7
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * ROOT % P
    if y >= P or (x * x - xx) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point_read(bytes([0x58]) + bytes([0x66]) * 31)


def low_order(p):
    x, y, z, _ = point_times(8, p)
    return x == 0 and (y - z) % P == 0


def ed25519_sound(public):
    """A point in its one spelling and of prime order."""
    p = point_read(public)
    if p is None or low_order(p):
        return False
    x, y, z, _ = point_times(ORDER, p)
    return x == 0 and (y - z) % P == 0


def ed25519_scalar(seed):
    """The secret number of a seed, and what its nonces are made with."""
    digest = hashlib.sha512(seed).digest()
    return little(digest[:32]) & (2**254 - 8) | 2**254, digest[32:]


def ed25519_public(seed):
    return point_bytes(point_times(ed25519_scalar(seed)[0], BASE))


def ed25519_challenge(r, public, message):
    return little(hashlib.sha512(r + public + message).digest()) % ORDER


def ed25519_verify(public, message, signature):
    """Strict: one spelling of every value, no low order, no cofactor."""
    a, r = point_read(public), point_read(signature[:32])
    s = little(signature[32:])
    if a is None or r is None or s >= ORDER or low_order(a) or low_order(r):
        return False
    h = ed25519_challenge(signature[:32], public, message)
    back = point_times(ORDER - h, a)
    return point_bytes(point_add(point_times(s, BASE), back)) == signature[:32]


def x25519(secret, point):
    """RFC 7748, 5."""
    k = little(secret) & (2**254 - 8) | 2**254
    x1 = little(point) & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def x25519_sound(public):
    """In its one spelling and not of low order."""
    return little(public) < P and any(x25519(bytes(32), public))


# Salsa20 and ChaCha20 compute many blocks at once: each of the 16 words of
# the state is one long integer of 64-bit lanes, a lane for each block.

def turn(x, n, mask):
    x <<= n
    return (x | x >> 32) & mask


def chacha_quarter(w, a, b, c, d, m):
    w[a] = w[a] + w[b] & m
    w[d] = turn(w[d] ^ w[a], 16, m)
    w[c] = w[c] + w[d] & m
    w[b] = turn(w[b] ^ w[c], 12, m)
    w[a] = w[a] + w[b] & m
    w[d] = turn(w[d] ^ w[a], 8, m)
    w[c] = w[c] + w[d] & m
    w[b] = turn(w[b] ^ w[c], 7, m)


def salsa_quarter(w, a, b, c, d, m):
    w[b] ^= turn(w[a] + w[d] & m, 7, m)
    w[c] ^= turn(w[b] + w[a] & m, 9, m)
    w[d] ^= turn(w[c] + w[b] & m, 13, m)
    w[a] ^= turn(w[d] + w[c] & m, 18, m)


CHACHA = (chacha_quarter, ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14),
                           (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12),
                           (2, 7, 8, 13), (3, 4, 9, 14)))
SALSA = (salsa_quarter, ((0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6),
                         (15, 3, 7, 11), (0, 1, 2, 3), (5, 6, 7, 4),
                         (10, 11, 8, 9), (15, 12, 13, 14)))


def words(data):
    return [little(data[i:i + 4]) for i in range(0, len(data), 4)]


def state(cipher, key, rest):
    """The 16 words: `rest` is nonce and counter, 4 words."""
    c, k, r = words(b"expand 32-byte k"), words(key), words(rest)
    if cipher is CHACHA:
        return c + k + r
    return c[:1] + k[:4] + c[1:2] + r + c[2:3] + k[4:] + c[3:]


def twenty_rounds(cipher, w, mask):
    quarter, places = cipher
    for _ in range(10):
        for a, b, c, d in places:
            quarter(w, a, b, c, d, mask)


def derive(cipher, key, nonce):
    """HChaCha20 or HSalsa20."""
    w = state(cipher, key, nonce)
    twenty_rounds(cipher, w, 2**32 - 1)
    out = w[:4] + w[12:] if cipher is CHACHA else w[0:16:5] + w[6:10]
    return b"".join(x.to_bytes(4, "little") for x in out)


def stream(cipher, key, nonce, counter, size):
    """`size` bytes of key stream: 12 bytes of nonce for ChaCha20, the
    counter one word before it; 8 for Salsa20, two words behind it."""
    n = max(1, (size + 63) // 64)
    ones = little(b"\1\0\0\0\0\0\0\0" * n)
    mask = ones * (2**32 - 1)
    rest = (bytes(4) + nonce) if cipher is CHACHA else (nonce + bytes(8))
    w = [x * ones for x in state(cipher, key, rest)]
    place = 12 if cipher is CHACHA else 8
    w[place] = little(array.array("Q", range(counter, counter + n)).tobytes())
    start = w[:]
    twenty_rounds(cipher, w, mask)
    out = array.array("I", bytes(64 * n))
    for i in range(16):
        word = (w[i] + start[i] & mask).to_bytes(8 * n, "little")
        out[i::16] = array.array("I", word)[::2]
    return out.tobytes()[:size]


def xor(a, b):
    return (little(a) ^ little(b)).to_bytes(len(a), "little")


def poly1305(key, data):
    r, p = little(key[:16]) & 0x0ffffffc0ffffffc0ffffffc0fffffff, 2**130 - 5
    h = 0
    for i in range(0, len(data), 16):
        h = (h + little(data[i:i + 16] + b"\1")) * r % p
    return (h + little(key[16:]) & 2**128 - 1).to_bytes(16, "little")


def secretbox_open(box, nonce, key):
    """XSalsa20-Poly1305: the tag of 16 bytes, then the text; or None."""
    key = derive(SALSA, key, nonce[:16])
    pad = stream(SALSA, key, nonce[16:], 0, 32 + len(box) - 16)
    if poly1305(pad[:32], box[16:]) != box[:16]:
        return None
    return xor(box[16:], pad[32:])


def aead_open(data, nonce, key, ad):
    """XChaCha20-Poly1305-IETF: the text, then the tag of 16 bytes; or None."""
    text, code = data[:-16], data[-16:]
    key = derive(CHACHA, key, nonce[:16])
    pad = stream(CHACHA, key, bytes(4) + nonce[16:], 0, 64 + len(text))
    if aead_code(pad[:32], text, ad) != code:
        return None
    return xor(text, pad[64:])


def aead_code(key, text, ad):
    return poly1305(key, ad + bytes(-len(ad) % 16) + text
                    + bytes(-len(text) % 16) + len(ad).to_bytes(8, "little")
                    + len(text).to_bytes(8, "little"))


def box_key(public, secret):
    """crypto_box_beforenm; None for a public key of low order."""
    shared = x25519(secret, public)
    return derive(SALSA, shared, bytes(16)) if any(shared) else None


def box_open(box, nonce, public, secret):
    key = box_key(public, secret)
    return None if key is None else secretbox_open(box, nonce, key)


def box_seal_open(box, secret):
    public = x25519(secret, (9).to_bytes(32, "little"))
    nonce = blake(box[:32] + public, 24)
    return box_open(box[32:], nonce, box[:32], secret)


class SecretStream:
    """crypto_secretstream_xchacha20poly1305."""

    def __init__(self, key, header):
        self.key = derive(CHACHA, key, header[:16])
        self.counter, self.inner = 1, header[16:]

    def apply(self, data, first, pulling, ad):
        """Turns tag byte and text over and gives them with their code."""
        nonce = self.counter.to_bytes(4, "little") + self.inner
        pad = stream(CHACHA, self.key, nonce, 0, 128 + len(data))
        block = xor(bytes([first]) + bytes(63), pad[64:128])
        turned = xor(data, pad[128:])
        if pulling:
            coded = bytes([first]) + block[1:] + data
        else:
            coded = block + turned
        # The padding behind the text is as libsodium has it: len % 16 bytes.
        code = poly1305(pad[:32], ad + bytes(-len(ad) % 16) + coded
                        + bytes(len(data) % 16)
                        + len(ad).to_bytes(8, "little")
                        + len(coded).to_bytes(8, "little"))
        self.inner = xor(self.inner, code[:8])
        self.counter += 1   # it would wrap after 256 TiB
        return block[0], turned, code

    def pull(self, chunk, ad):
        """Tag and text, or None."""
        tag, text, code = self.apply(chunk[1:-16], chunk[0], True, ad)
        return (tag, text) if code == chunk[-16:] else None
