"""Layers, variables, secrets, and where a fault is said to be."""

import os
import traceback
from functools import reduce
from pathlib import Path

import pytest
from pydantic import SecretStr

from horses_scrapy import config
from horses_scrapy.config import LooseEnvFile, load
from horses_scrapy.config.model import SECTIONS, Settings
from horses_scrapy.config.variables import ALIASES, ENVIRONMENT_ONLY, leaves, variables
from horses_scrapy.errors import ConfigError

KEYS = [where for where in leaves(Settings) if where[0] in SECTIONS]
# One value for each key that is not its default, as a variable would give it; of a boolean it is the opposite.
OTHER = {
    "key": "k", "public_url": "https://board.example", "streams": "7", "allowed_origins": "https://a.example",
    "trusted_proxies": "10.0.0.1",
    "database_path": "elsewhere/other.db", "database_url": "postgresql://scott@db/horses", "state_dir": "elsewhere/state",
    "database_direct_url": "postgresql://scott@direct/horses",
    "batch_size": "50", "query_timeout": "30", "backup_dir": "elsewhere/backups",
    "far_interval": "1200", "far_threshold": "5000", "default_interval": "600", "near_post_interval": "45",
    "near_post_threshold": "900", "last_minutes_interval": "20", "last_minutes_threshold": "90", "off_interval": "5",
    "after_post_interval": "30", "after_post_cap": "1800", "hours_before": "1800", "hours_after": "60",
    "card_times": "05:00,11:30",
    "tick": "7", "job_timeout": "77", "shutdown_timeout": "8", "window": "0", "ping_url": "https://ping.example/x",
    "url": "http://127.0.0.1:6801", "nodes": "http://127.0.0.1:6802,http://127.0.0.1:6803", "username": "other",
    "password": "other", "project": "other", "timeout": "9", "runner": "lean", "memory_limit": "300",
    "host": "mail.example.com", "port": "2525", "security": "none", "sender": "me@example.com", "recipients": "a@example.com,b@example.com",
    "connect_timeout": "11", "command_timeout": "31", "data_timeout": "61", "total_timeout": "121",
    "contact": "me@example.com", "requests_per_second": "3.5", "burst": "3", "blocked_wait": "60", "card_cache": "30", "archive_days": "7", "retry_attempts": "3", "retry_first_wait": "6",
    "budget_per_minute": "20", "budget_per_day": "9000",
    "cron": "1 2 3 4 5", "timezone": "Pacific/Auckland", "days_ahead": "5", "days_back": "6",
    "level": "DEBUG", "dir": "elsewhere/logs", "format": "json", "megabytes": "11", "keep": "15", "error_megabytes": "6", "error_keep": "4",
}  # fmt: skip


def value_of(settings, *where):
    found = reduce(getattr, where, settings)
    return found.get_secret_value() if isinstance(found, SecretStr) else found


def as_text(value):
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def other_than(value, where):
    return as_text(not value) if isinstance(value, bool) else OTHER[where[-1]]


# --- Layers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "key", "variable", "values"),
    [
        ("logging", "level", "LOG_LEVEL", ["INFO", "WARNING", "ERROR", "DEBUG", "INFO"]),
        ("logging", "dir", "HORSES_LOGGING__DIR", ["logs", "b", "c", "d", "e"]),
        ("smtp", "port", "HORSES_SMTP__PORT", ["587", "1", "2", "3", "4"]),
        ("http", "requests_per_second", "HORSES_HTTP__REQUESTS_PER_SECOND", ["0.5", "1.5", "2.5", "3.5", "4.5"]),
        ("smtp", "security", "HORSES_SMTP__SECURITY", ["starttls", "ssl", "none", "starttls", "ssl"]),
        ("smtp", "recipients", "EMAIL_RECIPIENT", ["", "a@b", "c@d,e@f", "g@h", "i@j"]),
        ("system", "database_path", "DB_PATH", ["data/horses.db", "a.db", "b.db", "c.db", "d.db"]),
    ],
)
def test_defaults_then_yaml_then_env_file_then_environment_then_flag(house, section, key, variable, values):
    default, in_yaml, in_env_file, in_environment, in_flag = values
    layers = [
        {},
        {"text": f"{section}: {{{key}: '{in_yaml}'}}"},
        {"env": f"{variable}={in_env_file}\n"},
        {"environ": {variable: in_environment}},
        {"flags": {(section, key): in_flag}},
    ]
    given = {}
    for layer, expected in zip(layers, [default, in_yaml, in_env_file, in_environment, in_flag], strict=True):
        given |= layer
        assert as_text(value_of(house.load(**given), section, key)) == expected


@pytest.mark.parametrize("flag", [{}, {("logging", "level"): "DEBUG"}])
@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_every_log_level_is_taken_and_a_flag_wins(house, level, flag):
    settings = house.load(environ={"LOG_LEVEL": level}, flags=flag)
    assert settings.logging.level == ("DEBUG" if flag else level)


def test_the_environment_beats_the_env_file_whichever_name_each_uses(house):
    long, short = "HORSES_LOGGING__LEVEL", "LOG_LEVEL"
    assert house.load(env=f"{long}=DEBUG\n", environ={short: "ERROR"}).logging.level == "ERROR"
    assert house.load(env=f"{short}=DEBUG\n", environ={long: "ERROR"}).logging.level == "ERROR"


def test_an_empty_variable_sets_nothing_and_hides_nothing(house):
    environ = dict.fromkeys(variables(), "")
    assert house.load(environ=environ) == house.load()
    assert house.load("logging: {level: DEBUG}", environ={"LOG_LEVEL": ""}).logging.level == "DEBUG"
    assert house.load(env="LOG_LEVEL=ERROR\n", environ={"LOG_LEVEL": ""}).logging.level == "ERROR"
    assert house.load("logging: {level: DEBUG}", env="LOG_LEVEL=\n").logging.level == "DEBUG"


def test_the_table_above_has_no_key_too_many():
    assert {where[-1] for where in KEYS} > set(OTHER)


@pytest.mark.parametrize("where", KEYS, ids=".".join)
def test_every_key_can_be_set_by_its_variable_in_both_places(house, where):
    name = f"HORSES_{'__'.join(where)}".upper()
    default = value_of(house.load(), *where)
    other = other_than(default, where)
    assert other != as_text(default)
    for given in ({"environ": {name: other}}, {"env": f"{name}='{other}'\n"}):
        settings = house.load(**given)
        house.env_file.unlink(missing_ok=True)
        assert as_text(value_of(settings, *where)) == other


@pytest.mark.parametrize(("name", "where"), ALIASES.items())
def test_every_short_name_sets_its_key(house, name, where):
    assert as_text(value_of(house.load(environ={name: OTHER[where[-1]]}), *where)) == OTHER[where[-1]]


def test_recipients_are_a_comma_list_once_each(house):
    settings = house.load(environ={"EMAIL_RECIPIENT": " a@example.com, b@example.com ,,a@example.com,"})
    assert settings.smtp.recipients == ("a@example.com", "b@example.com")
    assert house.load("smtp: {recipients: [a@example.com, a@example.com]}").smtp.recipients == ("a@example.com",)


# --- Faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"text": "smtp:\n  prot: 25"}, "config/config.yaml:2: smtp.prot: unknown key; did you mean port?"),
        ({"text": "# a\n\nsmpt:\n  port: 25"}, "config/config.yaml:3: smpt: unknown key; did you mean smtp?"),
        ({"text": "home: /tmp"}, "config/config.yaml:1: home: unknown key; "),
        ({"text": "tracks: {}"}, "config/config.yaml:1: tracks: unknown key; known: "),
        ({"text": "track_faults: []"}, "config/config.yaml:1: track_faults: unknown key; "),
        ({"text": "1: 2"}, "config/config.yaml:1: 1: unknown key; known: "),
        ({"text": "smtp: {1: 2}"}, "config/config.yaml:1: smtp.1: Keys should be strings"),
        ({"text": "smtp: localhost"}, "config/config.yaml:1: smtp: Input should be a valid dictionary"),
        ({"text": "smtp: [1]"}, "config/config.yaml:1: smtp: Input should be a valid dictionary"),
        ({"text": "smtp:\n  port: many"}, "config/config.yaml:2: smtp.port: Input should be a valid integer, "),
        ({"text": "smtp:\n  port: yes"}, "config/config.yaml:2: smtp.port: yes, no, on, off, true and false are not text"),
        ({"text": "smtp:\n  host: 25"}, "config/config.yaml:2: smtp.host: Input should be a valid string (given: 25); put quotes"),
        ({"text": "smtp:\n  port: 0"}, "config/config.yaml:2: smtp.port: Input should be greater than or equal to 1 (given: 0)"),
        ({"text": "smtp:\n  security: tls"}, "config/config.yaml:2: smtp.security: Input should be 'starttls', 'ssl' or 'none'"),
        ({"text": "http:\n  timeout: .nan"}, "config/config.yaml:2: http.timeout: Input should be a finite number (given: nan)"),
        ({"text": "http:\n  timeout: .inf"}, "config/config.yaml:2: http.timeout: Input should be a finite number (given: inf)"),
        ({"text": "scheduler:\n  tick: 0"}, "config/config.yaml:2: scheduler.tick: Input should be greater than 0"),
        ({"text": "system:\n  database_path: ''"}, "config/config.yaml:2: system.database_path: the path of a file"),
        ({"text": 'http:\n  contact: "me\\r\\nX-Evil: 1"'}, "config/config.yaml:2: http.contact: line breaks and control"),
        ({"text": "logging:\n  level: info"}, "config/config.yaml:2: logging.level: Input should be 'DEBUG', 'INFO', "),
        ({"environ": {"LOG_LEVEL": "LOUD"}}, "LOG_LEVEL: logging.level: Input should be 'DEBUG', 'INFO', "),
        ({"environ": {"HORSES_SMTP__PORT": "70000"}}, "HORSES_SMTP__PORT: smtp.port: Input should be less than or equal to 65535"),
        ({"environ": {"HORSES_SMTP__PROT": "1"}}, "HORSES_SMTP__PROT: sets nothing; did you mean HORSES_SMTP__PORT?"),
        ({"environ": {"HORSES_SMTP__X": "1"}}, "HORSES_SMTP__X: sets nothing; known: command_timeout, connect_timeout, "),
        ({"environ": {"HORSES_SMTP_PORT": "25"}}, "HORSES_SMTP_PORT: sets nothing; did you mean HORSES_SMTP__PORT?"),
        ({"environ": {"HORSES_CLOK": "0@1"}}, "HORSES_CLOK: sets nothing; did you mean HORSES_CLOCK?"),
        ({"environ": {"HORSES_MAIL__PORT": "25"}}, "HORSES_MAIL__PORT: sets nothing; "),
        ({"env": "\n# mail\nSMTP_PASWORD=x\n"}, ".env:3: SMTP_PASWORD: sets nothing; did you mean SMTP_PASSWORD?"),
        ({"env": "EMAIL_RECIPIENTS=a@b\n"}, ".env:1: EMAIL_RECIPIENTS: sets nothing; did you mean EMAIL_RECIPIENT?"),
        ({"env": "HORSES_HTTP__BURSD=1\n"}, ".env:1: HORSES_HTTP__BURSD: sets nothing; did you mean HORSES_HTTP__BURST?"),
        ({"text": "updates:\n  daily_data:\n    corn: '0 6 * * *'"}, "config/config.yaml:3: updates.daily_data.corn: unknown key; did you mean cron?"),
        ({"text": "updates:\n  daily_data:\n    cron: every day"}, "config/config.yaml:3: updates.daily_data.cron: not a cron expression of five fields"),
        ({"text": "updates:\n  daily_data:\n    timezone: Mars"}, "config/config.yaml:3: updates.daily_data.timezone: no such IANA time zone: Mars"),
        ({"text": "scraping:\n  far_threshold: 60"}, "config/config.yaml:1: scraping: last_minutes_threshold <= near_post_threshold <= far_threshold"),
        ({"text": "scraping:\n  card_times: [6:00]"}, "config/config.yaml:2: scraping.card_times.0: Input should be a valid string (given: 360)"),
        ({"environ": {"HORSES_UPDATES__DAILY_DATA__CRON": "* * *"}}, "HORSES_UPDATES__DAILY_DATA__CRON: updates.daily_data.cron: not a cron expression"),
        ({"environ": {"HORSES_UPDATES__DAILY_DATA__CORNS": "* * *"}}, "HORSES_UPDATES__DAILY_DATA__CORNS: sets nothing; did you mean HORSES_UPDATES__DAILY_DATA__CRON?"),
        ({"environ": {"HORSES_UPDATES__DAILY_DATA__X": "1"}}, "HORSES_UPDATES__DAILY_DATA__X: sets nothing; did you mean HORSES_UPDATES__DAILY_DATA__CRON?"),
        ({"environ": {"HORSES_TRACKS__DEMMO__ENABLED": "no"}}, "HORSES_TRACKS__DEMMO__ENABLED: sets nothing: tracks has no block demmo; did you mean demo?"),
        ({"env": "HORSES_SOURCES__X=1\n"}, ".env:1: HORSES_SOURCES__X: sets nothing: sources has no block x; known: demo"),
        ({"environ": {"PING_URL": "ping.example"}}, "PING_URL: scheduler.ping_url: an http or https URL is expected"),
        ({"env": "HORSES_CLOCK=0@1\n"}, ".env:1: HORSES_CLOCK: is needed before this file is read; set it in the environment"),
        ({"env": "LOG_LEVEL=LOUD\n"}, ".env:1: LOG_LEVEL: logging.level: Input should be "),
        ({"flags": {("logging", "level"): "LOUD"}}, "command line: logging.level: Input should be "),
    ],
)  # fmt: skip
def test_a_fault_names_its_place_its_key_and_the_nearest_one(house, given, line):
    (found,) = house.refusal(**given)
    assert found.startswith(line)


@pytest.mark.parametrize(
    "name", ["SMTP_PASWORD", "DB_PATHS", "PORT", "PATH__X", "HORSES", "HORSES_ANYTHING_ELSE", "XHORSES_SMTP__PORT"]
)
def test_variables_of_others_are_none_of_our_business(house, name):
    assert house.load(environ={name: "x"}) == house.load()


def test_a_misspelt_variable_that_is_empty_sets_nothing_anyway(house):
    assert house.load(environ={"HORSES_SMTP__PROT": ""}) == house.load()


def test_all_faults_are_reported_at_once(house):
    text = "smtp:\n  prot: 25\n  port: 0\nhttp:\n  burst: fast\nlogs: {}\nscrapyd:\n  password: planted\n"
    found = house.refusal(
        text, env="SMTP_PASWORD=x\nnonsense\n", environ={"LOG_LEVEL": "LOUD", "HORSES_APIS__PORT": "1"}
    )
    begins = [
        "config/config.yaml:6: logs: unknown key", "config/config.yaml:8: scrapyd.password: a secret", ".env:2: not NAME=value",
        ".env:1: SMTP_PASWORD", "HORSES_APIS__PORT", "config/config.yaml:3: smtp.port", "config/config.yaml:2: smtp.prot",
        "config/config.yaml:5: http.burst", "LOG_LEVEL: logging.level",
    ]  # fmt: skip
    assert len(found) == len(begins)
    assert all(any(line.startswith(begin) for line in found) for begin in begins)


BAD_ADDRESSES = ["nobody", "a@", "@b", "a@b@c", "a b@c", "a@b c", "a@b\nRCPT TO:<x@y>", "a@b\r\nc", "A <a@b>", "<a@b>", "é@b", "a@é", "a@b;c@d", "a\x00@b", "a@-b", "a@b-",
                 "a@[127.0.0.1]", "a" * 65 + "@b", "a@" + "b" * 191]  # fmt: skip


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize("variable", ["EMAIL_SENDER", "EMAIL_RECIPIENT"])
def test_an_address_that_could_end_its_line_is_refused(house, variable, address):
    lines = house.refusal(environ={variable: f"{address}"})
    assert f"{variable}: smtp." in lines[0]
    assert "one e-mail address is expected, like name@example.com" in lines[0]


def test_a_line_break_after_an_address_is_refused_too(house):
    assert "one e-mail address is expected" in house.refusal(environ={"EMAIL_SENDER": "a@b\n"})[0]
    assert "one e-mail address is expected" in house.refusal('smtp: {recipients: ["a@b\\n"]}')[0]


@pytest.mark.parametrize(
    "address",
    ["a@b", "player@localhost", "first.last+horses@mail.example.co.nz", "o'brien@example.com", "a/b=c!d@b-c.d"],
)
def test_an_address_is_taken_as_it_is(house, address):
    settings = house.load(environ={"EMAIL_SENDER": address, "EMAIL_RECIPIENT": address})
    assert (settings.smtp.sender, settings.smtp.recipients) == (address, (address,))


# --- Secrets ----------------------------------------------------------------------------------------------------------

SECRETS = {
    "SMTP_PASSWORD": "planted-smtp-42",
    "SCRAPYD_PASSWORD": "planted-scrapyd-42",
    "HORSES_DATABASE_URL": "postgresql://scott:planted-url-42@db/horses",
}


@pytest.mark.parametrize(("section", "key"), sorted(ENVIRONMENT_ONLY))
def test_a_secret_in_yaml_is_refused_and_not_repeated(house, section, key):
    for planted in ("planted-42", 424242, ["planted-42"], "'planted-42"):
        lines = "\n".join(house.refusal(f"{section}:\n  {key}: {planted}\n"))
        assert "42" not in lines
    assert f"config/config.yaml:2: {section}.{key}: a secret; set " in "\n".join(
        house.refusal(f"{section}:\n  {key}: p\n")
    )


def test_secrets_are_read_and_never_printed(house):
    for given in ({"environ": SECRETS}, {"env": "".join(f"{name}='{value}'\n" for name, value in SECRETS.items())}):
        settings = house.load(**given)
        assert settings.smtp.password.get_secret_value() == "planted-smtp-42"
        assert settings.scrapyd.password.get_secret_value() == "planted-scrapyd-42"
        assert settings.system.database_url.get_secret_value().endswith("planted-url-42@db/horses")
        printed = f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"
        assert "planted" not in printed


@pytest.mark.parametrize(
    "given",
    [
        {"environ": {**SECRETS, "LOG_LEVEL": "LOUD"}},
        {"environ": {"HORSES_DATABASE_URL": "mysql://scott:planted@db/horses"}},
        {"environ": {"HORSES_DATABASE_URL": "planted"}},
        {"environ": {"HORSES_SCRAPYD__URL": "http://horses:planted@127.0.0.1:6800"}},
        {"text": "scrapyd: {url: 'http://horses:planted@127.0.0.1:6800'}"},
        {"text": "smtp: password=planted"},
        {"text": "smtp:\n  passwrd: planted"},
        {"text": 'smtp:\n  password: "planted'},
        {"text": "smtp:\n  password: [planted"},
        {"text": "smtp:\n  password: planted\n  password: planted"},
        {"env": 'SMTP_PASSWORD="planted\n'},
        {"env": "SMTP_PASSWORD='planted' planted\n"},
        {"env": "planted\n"},
        {"env": "SMTP_PASWORD=planted\n"},
    ],
)  # fmt: skip
def test_no_fault_repeats_a_secret(house, given):
    with pytest.raises(ConfigError) as caught:
        house.load(**given)
    whole = "".join(traceback.format_exception(caught.value))
    product = [
        line for line in whole.splitlines() if not line.lstrip().startswith(("house.load", "File", "return config"))
    ]
    assert not [line for line in product if "planted" in line.replace("planted: not NAME", "")]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666])
def test_an_env_file_that_others_can_read_gives_a_warning_that_names_the_remedy(house, mode):
    house.load(env="LOG_LEVEL=ERROR\n")
    house.env_file.chmod(mode)
    with pytest.warns(LooseEnvFile, match=r"\.env can be read by others: chmod 600 .*\.env"):
        assert load(house.config_file, environ={}).logging.level == "ERROR"


# --- .env -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("SMTP_PASSWORD=plain", "plain"),
        ("export SMTP_PASSWORD=plain", "plain"),
        ("SMTP_PASSWORD = 'with space # and sign'", "with space # and sign"),
        ("SMTP_PASSWORD=$(touch pwned)", "$(touch pwned)"),
        ("SMTP_PASSWORD=`touch pwned`", "`touch pwned`"),
        ("SMTP_PASSWORD=${HOME}", "${HOME}"),
        ('SMTP_PASSWORD="a\\"b"', 'a"b'),
        ("SMTP_PASSWORD=a=b", "a=b"),
    ],
)
def test_the_env_file_is_parsed_and_never_executed(house, line, value):
    settings = house.load(env=f"# a comment\n\nPORT=5000\n{line}\n")
    assert settings.smtp.password.get_secret_value() == value


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ("\n\nSMTP_PASSWORD\n", ".env:3: not NAME=value"),
        ("LOG_LEVEL=INFO\n# x\n\n'x\n", ".env:4: not NAME=value"),
        ("LOG_LEVEL=INFO\nLOG_LEVEL=DEBUG\n", ".env:2: LOG_LEVEL is given twice (first on line 1)"),
    ],
)
def test_a_line_of_the_env_file_that_cannot_be_understood_is_a_fault(house, env, line):
    assert house.refusal(env=env)[0].startswith(line)


def test_an_env_file_that_cannot_be_read_is_named(house):
    house.load(env="LOG_LEVEL=INFO\n")
    house.env_file.write_bytes(b"SMTP_PASSWORD=\xff\n")
    with pytest.raises(ConfigError, match=r"\.env: cannot be read: byte 14 is not UTF-8"):
        load(house.config_file, environ={})


# --- Files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["config.yaml", "tracks.yaml"])
def test_a_missing_file_is_named_never_replaced_by_defaults(house, missing):
    house.load()
    path = house.config_file.with_name(missing)
    path.unlink()
    with pytest.raises(ConfigError, match=f"{path}: there is no such file; name config.yaml with --config") as caught:
        load(house.config_file, environ={})
    assert caught.value.exit_code == 2


def test_the_file_is_the_flags_else_the_variables_else_beside_the_nearest_scrapy_cfg(tmp_path, monkeypatch):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    environ = {"HORSES_CONFIG": "from/environment.yaml"}
    assert config.config_path("from/flag.yaml", environ) == deep / "from/flag.yaml"
    assert config.config_path(None, environ) == deep / "from/environment.yaml"
    assert config.config_path(None, {}) == deep / "config/config.yaml"
    (tmp_path / "scrapy.cfg").touch()
    assert config.config_path(None, {"HORSES_CONFIG": ""}) == tmp_path / "config/config.yaml"


def test_paths_are_relative_to_the_home_of_the_configuration(house):
    settings = house.load("system: {database_path: a/b.db, state_dir: /var/lib/horses}")
    assert settings.home == house.root
    assert settings.database_path == house.root / "a/b.db"
    assert settings.state_dir == Path("/var/lib/horses")
    assert settings.alerts_file == house.root / "config/alerts.yaml"


def test_load_reads_the_environment_of_the_process_when_none_is_given(house, monkeypatch):
    house.load()
    for name in [name for name in os.environ if name in variables()]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    assert load(house.config_file).logging.level == "ERROR"


def test_settings_cannot_be_changed_after_they_are_loaded(house):
    settings = house.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.smtp.port = 25
