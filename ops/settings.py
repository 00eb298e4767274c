"""Settings: the only reader of the environment, and of `settings.toml` in the home folder."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from ledger.errors import Misuse, NotFound, Unavailable
from ledger.keys import sync_folder
from schemas.statements.passkey import ORIGIN_PATTERN, ORIGINS_MAX, fits_rp_id

HOME_VARIABLE = "COUNTERSIGN_HOME"
DEBUG_VARIABLE = "COUNTERSIGN_DEBUG"
KEY_PIN_VARIABLE = "COUNTERSIGN_KEY_PIN"
STORE_PASSWORD_VARIABLE = "COUNTERSIGN_STORE_PASSWORD"  # noqa: S105  its name, not a password
INDEX_PASSWORD_VARIABLE = "COUNTERSIGN_INDEX_PASSWORD"  # noqa: S105  as above
OPENAI_KEY_VARIABLE = "COUNTERSIGN_OPENAI_KEY"
DEFAULT_HOME = Path("countersign-home")


_KEY_URI = r"""^((hsm|gcpkms|awskms|azurekms|hv|file2):[^\s"\\]*)?$"""  # ledger.signers.URI_SCHEMES


OpinionSource = Literal["openai-provenance", "openai-moderation"]


class Settings(BaseModel):
    """What a home folder says of itself. Every field is explained in settings.toml, which `init` writes."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    origin: str = Field(min_length=3, max_length=200, pattern=r"^[^\s+]+$")
    """The log's name on every checkpoint. It never changes: a log of another name is another log."""
    service_actor: str = "countersign"
    """The name under which the ledger itself speaks."""
    operator: str = "operator"
    """The first administrator; commands run on the home folder itself speak as this actor."""
    upload_bytes_max: int = Field(default=2 * 2**30, ge=2**20)
    """The largest file taken in, in bytes. A minute of 4K at 100 Mbit/s is 750 MB."""
    examination_seconds_max: int = Field(default=120, ge=5, le=3600)
    """How long the examination of one file may take, in seconds, before it is stopped and recorded as failed."""
    publish_entries: bool = False
    """Whether strangers may read what was said. If not, they get checkpoints and hashes, and entries need a token (ADR 009)."""
    public_url: str = Field(default="http://127.0.0.1:8400", max_length=300, pattern=r"^https?://[^\s\"\\?#]+$")
    """Where others reach this ledger: it stands in signed status lists and passes, so it is not read off a request."""
    scan_faces: bool = False
    """Whether `serve` and `worker` look for faces in every file that came in. It measures strangers, so somebody has to decide
    it (ADR 031); it takes the extra `faces`. `countersign likeness scan` looks at one file without it."""
    reexamine_files: bool = False
    """Whether `serve` and `worker` examine files again whose examination was made by older algorithms than those that are
    installed: hours of work after an update of a large house. `countersign reexamine` does it without."""
    descriptor_model: str = Field(default="", max_length=1_000, pattern=r"""^[^"\\]*$""")
    """An ONNX model of your own that describes pictures (docs/media.md): its path, or nothing for none. What is near by it in a
    search is a candidate for a person; it decides nothing. It takes the extra `ocr`."""
    descriptor_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    """The SHA-256 of that file: another one is refused."""
    descriptor_cosine_permille: int = Field(default=750, ge=1, le=1000)
    """How near by cosine two frames have to be, in thousandths: it depends on the model. Try it on pictures of your own."""
    tsa_url: str = Field(default="", max_length=2_000, pattern=r"^(https?://[^\s\"\\]+)?$")
    """The time-stamping authority (RFC 3161) that `serve` and `worker` ask; nothing for none. Its root certificate has to be
    under trust/tsa (ADR 010)."""
    tsa_interval_minutes: int = Field(default=60, ge=1, le=10_080)
    """How often it is asked at most, in minutes, and only when the log has grown since."""
    notices_to_private_networks: bool = False
    """Whether notices may go to addresses that are not public, and over plain HTTP: for holders in one's own network only."""
    outside_opinions: tuple[OpinionSource, ...] = Field(default=(), max_length=8)
    """Who may be sent files and frames of them to say what they think: openai-provenance, openai-moderation. Nobody unless
    named here; every sending is recorded. Their key is said in COUNTERSIGN_OPENAI_KEY."""
    openai_url: str = Field(default="https://api.openai.com/v1", max_length=300, pattern=r"^https?://[^\s\"\\]+$")
    """Where OpenAI is asked: over https, or on this machine."""
    drift_monthly: bool = False
    """Whether `serve` and `worker` measure once a month which signals survive which export preset: a minute or two of work."""
    store: str = Field(default="", max_length=2_000, pattern=r"""^[^\s"\\]*$""", repr=False)
    """Where the log lies: nothing for ledger.sqlite in the home, else postgresql://USER@HOST/DATABASE without a password,
    which COUNTERSIGN_STORE_PASSWORD or libpq's own password file says (ADR 008)."""

    code_index: str = Field(default="", max_length=2_000, pattern=r"""^[^\s"\\]*$""", repr=False)
    """Where codes of pictures are searched: nothing for the memory of each process, else postgresql://USER@HOST/DATABASE of a
    server with pgvector, without a password, which COUNTERSIGN_INDEX_PASSWORD or libpq's own password file says (ADR 030).
    It takes the extra `postgres`, and can be changed at any time: the codes are read from the views anew."""

    passkey_rp_id: str = Field(default="localhost", max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")
    """The domain that passkeys are made for (WebAuthn RP ID). Another one later means new passkeys for everybody (ADR 014)."""
    passkey_origins: tuple[str, ...] = Field(default=("http://localhost:8400",), min_length=1, max_length=ORIGINS_MAX)
    """The origins of the pages on that domain, as browsers write them. Elsewhere than on localhost it takes https."""

    @model_validator(mode="after")
    def _pages_fit(self) -> Settings:
        for origin in self.passkey_origins:
            if not re.fullmatch(ORIGIN_PATTERN, origin) or not fits_rp_id(origin, self.passkey_rp_id):
                raise ValueError("passkey_origins are origins of passkey_rp_id's domain, over https or on localhost")
        return self

    service_key: str = Field(default="", max_length=1_000, pattern=_KEY_URI)
    """Where the service's key lies: nothing for keys/service.pem, else a URI of securesystemslib (ADR 016, runbook keys.md). No
    PIN in it: COUNTERSIGN_KEY_PIN says it."""

    c2pa_key: str = Field(default="", max_length=1_000, pattern=_KEY_URI)
    """Where the key that signs C2PA manifests lies: nothing for keys/c2pa.pem, else a URI as for service_key. Its
    certificates lie in trust/own-chain.pem."""
    c2pa_tsa_url: str = Field(default="", max_length=2_000, pattern=r"^(https?://[^\s\"\\]+)?$")
    """The time-stamping authority (RFC 3161) that is asked for each manifest signed here; nothing for none."""

    @model_validator(mode="after")
    def _model_is_named(self) -> Settings:
        if bool(self.descriptor_model) != bool(self.descriptor_sha256):
            raise ValueError("descriptor_model and descriptor_sha256 go together")
        return self

    @field_validator("service_key", "c2pa_key")
    @classmethod
    def _no_pin(cls, uri: str) -> str:
        if any(word in uri.lower() for word in ("pin=", "pin-value", "password", "secret=", "token=")):
            raise ValueError(f"no PIN and no token here: say it in {KEY_PIN_VARIABLE}")
        return uri

    @field_validator("store", "code_index")
    @classmethod
    def _no_secret(cls, url: str, field: ValidationInfo) -> str:
        """What is written here is copied with every home, and may be shown."""
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("begins with postgresql://")
        try:
            secret = urlsplit(url).password or "password" in parse_qs(urlsplit(url).query)
        except ValueError:
            raise ValueError("is not a URL") from None
        if secret:
            variable = STORE_PASSWORD_VARIABLE if field.field_name == "store" else INDEX_PASSWORD_VARIABLE
            raise ValueError(f"no password here: say it in {variable}")
        return url


def home_folder(given: Path | None) -> Path:
    """`--home`, else COUNTERSIGN_HOME, else ./countersign-home."""
    if given is not None:
        return given
    from_environment = os.environ.get(HOME_VARIABLE)
    return Path(from_environment) if from_environment else DEFAULT_HOME


def debugging() -> bool:
    """Whether COUNTERSIGN_DEBUG is set to anything but nothing or 0: tracebacks are then shown as they happen."""
    return os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")


def store_password() -> str | None:
    """The database's password, when the environment says one."""
    return os.environ.get(STORE_PASSWORD_VARIABLE) or None


def index_password() -> str | None:
    """The password of the code index's database, when the environment says one."""
    return os.environ.get(INDEX_PASSWORD_VARIABLE) or None


def openai_key() -> str | None:
    """The key for asking OpenAI, when the environment says one."""
    return os.environ.get(OPENAI_KEY_VARIABLE) or None


def key_secret(name: str) -> str:
    """The PIN of the device that the service's key lies in, which calls it `name`. Raises Unavailable `key_pin_missing`."""
    secret = os.environ.get(KEY_PIN_VARIABLE)
    if not secret:
        what = f"the key's device asks for its {name}, and {KEY_PIN_VARIABLE} does not say it"
        raise Unavailable("key_pin_missing", what, "Set it in the environment of this process only.")
    return secret


def read_settings(home: Path) -> Settings:
    """Raises NotFound `home_missing`, Misuse `settings_invalid` naming the field."""
    path = home / "settings.toml"
    if not path.is_file():
        raise NotFound(
            "home_missing", f"{home} is not a Countersign home", "Run `countersign init`, or name it with --home."
        )
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misuse("settings_invalid", f"settings.toml is not TOML: {error}", "Correct the file.") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "settings.toml"
        raise Misuse("settings_invalid", f"{where}: {first['msg']}", "Correct the file.") from None


def write_settings(home: Path, settings: Settings) -> None:
    """settings.toml with what each field is for."""
    lines = ["# Countersign. Explained in ops/settings.py; unknown names are refused.", ""]
    for name in Settings.model_fields:
        value = getattr(settings, name)
        lines.append(f"{name} = {_toml(value)}")
    partial = (
        home / ".settings.toml.partial"
    )  # one name: a crash leaves at most this one, and the settings as they were
    with partial.open("w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(home / "settings.toml")
    sync_folder(home)


def _toml(value: str | int | bool | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f'"{value}"'
