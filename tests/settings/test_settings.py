"""Every wrong setting is named with what to set; secrets are made safely and never shown."""

import multiprocessing
import re
import secrets
import stat
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from ccx_broker.settings import Settings, SettingsError, load_settings
from ccx_broker.settings.values import MAKE_SECRET

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
NAMES = {f"CCX_{field.name.upper()}" for field in fields(Settings)}


@pytest.fixture
def development(tmp_path: Path) -> dict[str, str]:
    return {"CCX_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    return {
        "CCX_ENV": "production",
        "CCX_DATA_DIR": str(tmp_path / "data"),
        "CCX_ISSUER": "https://ccx.example.org",
        "CCX_SECRET_KEY": secrets.token_urlsafe(48),
        "CCX_PASSWORD_KEY": secrets.token_urlsafe(48),
    }


def complaint(environment: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(environment)
    return str(caught.value)


def test_the_document_lists_every_setting_and_no_other() -> None:
    rows = re.findall(r"^\| `(CCX_\w+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(NAMES)


def test_the_document_names_the_right_defaults(development: dict[str, str]) -> None:
    documented = dict(
        re.findall(r"^\| `(CCX_\w+)` \| [^|]+ \| `([^`]+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    )
    assert len(documented) > 8
    assert load_settings(development | documented) == load_settings(development)


def test_defaults_suffice_for_development(development: dict[str, str]) -> None:
    found = load_settings(development)
    assert (found.env, found.issuer, found.database_url) == ("development", "http://127.0.0.1:8000", None)
    assert found.access_token_lifetime == timedelta(minutes=10)


def test_a_good_production_starts(production: dict[str, str]) -> None:
    assert load_settings(production).secret_key == production["CCX_SECRET_KEY"].encode()


def test_empty_variables_count_as_absent_and_blanks_around_values_do_not_matter(
    development: dict[str, str],
) -> None:
    found = load_settings(development | {"CCX_PORT": "", "CCX_DATABASE_URL": " ", "CCX_THREADS": " 7\n"})
    assert (found.port, found.database_url, found.threads) == (8000, None, 7)


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("CCX_ENV", "prod", "set it to development or production"),
        ("CCX_DATA_DIR", "data", "set it to an absolute path"),
        ("CCX_ISSUER", "http://127.0.0.1:8000/", "without a path or closing slash"),
        ("CCX_ISSUER", "https://CCX.example.org", "in lower case"),
        ("CCX_MAIL_FROM", "Ada <ada@example.org>", "a plain e-mail address"),
        ("CCX_MAIL_FROM", "ada@example.org\nBcc: x", "a plain e-mail address"),
        ("CCX_ISSUER", "https://user@ccx.example.org", "the address customers use"),
        ("CCX_ISSUER", "https://ccx.example.org?x=1", "the address customers use"),
        ("CCX_ISSUER", "https://ccx.example.org:99999", "the address customers use"),
        ("CCX_ISSUER", "ftp://ccx.example.org", "the address customers use"),
        ("CCX_HOST", "127.0.0", "set it to the address to listen on"),
        ("CCX_HOST", "a b", "set it to the address to listen on"),
        ("CCX_PORT", "0", "set it to a whole number from 1 to 65535"),
        ("CCX_PORT", "٨", "set it to a whole number"),
        ("CCX_THREADS", "many", "set it to a whole number from 1 to 150"),
        ("CCX_TRUSTED_PROXIES", "10.0.0.1;10.0.0.2", "set it to addresses or networks"),
        ("CCX_DEBUG", "maybe", "set it to true or false"),
        ("CCX_SESSION_LIFETIME", "0", "set it to seconds"),
        ("CCX_SESSION_LIFETIME", "10 weeks", "set it to seconds"),
        ("CCX_CODE_LIFETIME", "11m", "at most 0:10:00"),
        ("CCX_ACCESS_TOKEN_LIFETIME", "2d", "at most 1 day"),
        ("CCX_REFRESH_TOKEN_LIFETIME", "-1", "set it to seconds"),
        ("CCX_CLIENT_METADATA_DOCUMENTS", "maybe", "set it to true or false"),
        ("CCX_CLIENT_METADATA_ANY_PORT", "2", "set it to true or false"),
        ("CCX_CLIENT_METADATA_LOOPBACK", "2", "set it to true or false"),
        ("CCX_AUDIT_LOG", "audit.log", "set it to stdout, stderr, off or"),
        ("CCX_LIMIT_FAILURES", "0", "set it to a whole number from 1"),
        ("CCX_LIMIT_STARTS", "none", "set it to a whole number from 1"),
        ("CCX_LIMIT_REQUESTS", "-1", "set it to a whole number from 1"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_set(
    development: dict[str, str], name: str, value: str, advice: str
) -> None:
    said = complaint(development | {name: value})
    assert said.startswith(f"{name} is {value!r}: ")
    assert advice in said
    assert not Path(development["CCX_DATA_DIR"]).exists()


def test_all_problems_are_told_together(development: dict[str, str]) -> None:
    said = complaint(development | {"CCX_PORT": "x", "CCX_THREADS": "y", "CCX_HOTS": "z"})
    assert [line.split()[0] for line in said.splitlines()] == ["CCX_PORT", "CCX_THREADS", "CCX_HOTS"]


def test_an_unknown_name_is_refused_with_the_nearest_one(development: dict[str, str]) -> None:
    assert complaint(development | {"CCX_HOTS": "x"}) == "CCX_HOTS is no setting: did you mean CCX_HOST?"
    assert "docs/settings.md" in complaint(development | {"CCX_FLUXCOMPENSATOR": "x"})
    load_settings(development | {"CCX_TEST_ANYTHING": "x", "OTHER": "x"})


@pytest.mark.parametrize(
    "url", ["mysql://u:geheim@h/d", "sqlite:///geheim", "postgresql://u:geheim@h:port/d"]
)
def test_a_wrong_database_address_is_not_shown(development: dict[str, str], url: str) -> None:
    said = complaint(development | {"CCX_DATABASE_URL": url})
    assert said.startswith("CCX_DATABASE_URL is wrong: set it to postgresql://")
    assert "geheim" not in said


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("http://u:geheim@mail.example.org", "set it to smtp://user:password@host:587?starttls"),
        ("smtp://u:geheim@mail.example.org/?tls", "set it to smtp://user:password@host:587?starttls"),
        ("smtp://u:geheim@mail.example.org:port", "set it to smtp://"),
        ("smtps://u:geheim@mail.example.org?starttls", "set it to smtp://"),
        ("smtp://u:geheim@mail.example.org", "would go over the network in the clear"),
    ],
)
def test_a_wrong_mail_server_is_not_shown(development: dict[str, str], url: str, advice: str) -> None:
    said = complaint(development | {"CCX_SMTP_URL": url, "CCX_MAIL_FROM": "ccx@example.org"})
    assert said.startswith("CCX_SMTP_URL is wrong: ")
    assert advice in said
    assert "geheim" not in said


def test_mail_needs_a_sender(development: dict[str, str]) -> None:
    assert "CCX_MAIL_FROM is not set" in complaint(development | {"CCX_SMTP_URL": "smtp://mail.example.org"})


def test_secrets_do_not_show_when_settings_are_printed(production: dict[str, str]) -> None:
    shown = repr(load_settings(production | {"CCX_DATABASE_URL": "postgresql://u:geheim@h/d"}))
    assert "geheim" not in shown
    assert production["CCX_SECRET_KEY"] not in shown
    assert production["CCX_PASSWORD_KEY"] not in shown


@pytest.mark.parametrize("name", ["CCX_SECRET_KEY", "CCX_PASSWORD_KEY"])
@pytest.mark.parametrize(
    "weak",
    [
        "",
        "Zx9!kQ2@mW7#",  # short
        "a" * 64,
        "aB3$xY7&zK9q" * 4,  # repeated
        "change-me-7hK2pQ9xVb4NmZ1wRt6YcD3f",
        "my-super-secret-key-for-the-broker-9",
        "0123456789abcdefghijklmnopqrstuv",
    ],
)
def test_production_needs_strong_secrets(production: dict[str, str], name: str, weak: str) -> None:
    said = complaint(production | {name: weak})
    assert said.startswith(f"{name} is {'wrong' if weak else 'not set'}: ")
    assert MAKE_SECRET in said
    assert not weak or weak not in said


def test_production_needs_two_different_secrets(production: dict[str, str]) -> None:
    said = complaint(production | {"CCX_PASSWORD_KEY": production["CCX_SECRET_KEY"]})
    assert said == "CCX_SECRET_KEY and CCX_PASSWORD_KEY are the same: make one for each."


@pytest.mark.parametrize("issuer", ["", "http://ccx.example.org"])
def test_production_needs_an_https_issuer(production: dict[str, str], issuer: str) -> None:
    said = complaint(production | {"CCX_ISSUER": issuer})
    assert said.startswith("CCX_ISSUER is ")
    assert "set it to the https:// address that customers use" in said


def test_production_refuses_the_debug_switch(production: dict[str, str]) -> None:
    assert "CCX_DEBUG is 'true': with CCX_ENV=production it must be off" in complaint(
        production | {"CCX_DEBUG": "true"}
    )
    assert "CCX_CLIENT_METADATA_LOOPBACK is 'true': with CCX_ENV=production it must be off" in complaint(
        production | {"CCX_CLIENT_METADATA_LOOPBACK": "true"}
    )


def test_the_command_that_makes_a_secret_makes_a_good_one(production: dict[str, str]) -> None:
    for _ in range(100):
        made = secrets.token_urlsafe(48)
        assert load_settings(production | {"CCX_SECRET_KEY": made}).secret_key == made.encode()


def test_development_makes_its_secrets_once_for_its_owner_alone(development: dict[str, str]) -> None:
    first, second = load_settings(development), load_settings(development)
    assert first == second
    assert first.secret_key != first.password_key
    assert len(bytes.fromhex(first.secret_key.decode())) == 32
    kept = sorted(Path(development["CCX_DATA_DIR"]).iterdir())
    assert [path.name for path in kept] == ["password-key", "secret-key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}


def _load(environment: dict[str, str]) -> tuple[bytes, bytes]:
    found = load_settings(environment)
    return found.secret_key, found.password_key


def test_first_starts_at_the_same_time_agree(development: dict[str, str]) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_load, [development] * 40, chunksize=1))) == 1


def test_a_damaged_secret_is_told(development: dict[str, str]) -> None:
    load_settings(development)
    Path(development["CCX_DATA_DIR"], "secret-key").write_text("")
    assert "is damaged; remove that file" in complaint(development)


def test_an_unusable_data_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = complaint({"CCX_DATA_DIR": str(tmp_path / "file" / "data")})
    assert said.startswith(f"CCX_DATA_DIR is '{tmp_path}/file/data': ")
    assert "set it to a folder that this user may write to" in said
