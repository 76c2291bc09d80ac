import pytest

from dimensions_emulator.settings import PARSERS, Settings, SettingsInvalid, resolve

# A value for every setting as a flag, in the environment and in the file, and what each becomes.
VALUES = {
    "host": (("127.0.0.2", "127.0.0.2"), ("localhost", "localhost"), ("::1", "::1")),
    "port": (("1", 1), ("0", 0), (65535, 65535)),
    "world": (("empty", "empty"), ("./world.yaml", "./world.yaml"), ("crowd", "crowd")),
    "seed": (("0", 0), ("7", 7), (2**63 - 1, 2**63 - 1)),
    "users": (("1", 1), ("20", 20), (1_000_000, 1_000_000)),
    "locale": (
        (("en_US", "fr_FR"), ("en_US", "fr_FR")),
        ("en_GB, de_DE", ("en_GB", "de_DE")),
        (["it_IT"], ("it_IT",)),
    ),
    "profile": (("a.json", "a.json"), ("b.json", "b.json"), ("c.json", "c.json")),
    "smtp": (
        ("localhost:25", ("localhost", 25)),
        ("[::1]:1025", ("::1", 1025)),
        ("mail.example:65535", ("mail.example", 65535)),
    ),
    "log_format": (("json", "json"), ("text", "text"), ("json", "json")),
    "allowed_host": ((("one.example",), ("one.example",)), ("a,b", ("a", "b")), (["c", "d"], ("c", "d"))),
    "max_body": (("1", 1), ("2048", 2048), (1 << 30, 1 << 30)),
    "unix_socket": (("a.sock", "a.sock"), ("/run/b.sock", "/run/b.sock"), ("c.sock", "c.sock")),
    "tls": ((True, True), ("1", True), (True, True)),
    "tls_name": (
        (("one.test",), ("one.test",)),
        ("a.test,10.0.0.1", ("a.test", "10.0.0.1")),
        (["c"], ("c",)),
    ),
    "tls_directory": (("ca", "ca"), ("/var/ca", "/var/ca"), ("./ca", "./ca")),
    "cors": (
        (("https://a.example",), ("https://a.example",)),
        ("off", ()),
        (["http://localhost:5173", "https://b.example"], ("http://localhost:5173", "https://b.example")),
    ),
    "state": (("state.json", "state.json"), ("/var/state", "/var/state"), ("s", "s")),
    "state_interval": (("0", 0), ("1", 1), (86_400, 86_400)),
    "admin_token": (("12345678", "12345678"), ("a-long-secret", "a-long-secret"), ("~!@#$%^&", "~!@#$%^&")),
    "no_admin": ((True, True), ("1", True), (True, True)),
    "max_sessions": (("1", 1), ("20", 20), (100_000, 100_000)),
    "session_idle": (("0", 0), ("60", 60), (30 * 86_400, 30 * 86_400)),
    "journal": (("0", 0), ("10", 10), (100_000, 100_000)),
    "journal_bytes": (("65536", 65_536), ("1000000", 1_000_000), (1 << 34, 1 << 34)),
    "rate_limit": (("10/1", (10, 1)), ("5", (5, 1)), ("1000000/86400", (1_000_000, 86_400))),
    "activation_lifetime": (("1", 1), ("3600", 3600), (315_360_000, 315_360_000)),
    "max_users": (("1", 1), ("20", 20), (10_000_000, 10_000_000)),
    "max_mails": (("1", 1), ("20", 20), (1_000_000, 1_000_000)),
    "max_charges": (("1", 1), ("20", 20), (10_000_000, 10_000_000)),
    "max_waiting": (("1", 1), ("20", 20), (1000, 1000)),
    "json": ((True, True), ("1", True), (True, True)),
}
BAD = {
    "host": ["", 1],
    "port": ["-1", "65536", "http", "80.0", "", True, 80.5, "4_020 0"],
    "world": ["", 3, ["office"]],
    "seed": ["-1", "x", "1.5", str(2**63)],
    "users": ["0", "1000001", "many", False],
    "locale": ["en_US,,fr_FR", ",", [1], 5, True],
    "profile": ["", {}],
    "smtp": ["localhost", ":25", "localhost:", "localhost:0", "localhost:65536", "localhost:smtp", 25],
    "log_format": ["JSON", "xml", "", 1],
    "allowed_host": ["a,,b", [""], [1], 0],
    "max_body": ["0", str((1 << 30) + 1), "1MiB"],
    "unix_socket": ["", 1],
    "tls": ["yes", "", 2, []],
    "tls_name": ["a,,b", [1], 5],
    "tls_directory": ["", {}],
    "cors": ["", "app.example", "https://a.example/", "*,https://a.example", "https://a b", "off,*", 5],
    "state": ["", 1],
    "state_interval": ["-1", "86401", "often"],
    "admin_token": ["", "short", "with a blank", "t\u00f6k\u00e9n-long", 12345678],
    "no_admin": ["yes", "", 2, []],
    "max_sessions": ["0", "100001", "many"],
    "session_idle": ["-1", "2592001", "1h"],
    "journal": ["-1", "100001", "off"],
    "journal_bytes": ["65535", str((1 << 34) + 1), "64MiB"],
    "rate_limit": ["0/1", "10/0", "10/86401", "1000001/1", "10/", "/1", "ten", 10],
    "activation_lifetime": ["0", "315360001", "7d"],
    "max_users": ["0", "10000001", "all"],
    "max_mails": ["0", "1000001", "all"],
    "max_charges": ["0", "10000001", "all"],
    "max_waiting": ["0", "1001", "all"],
    "json": ["yes", "", 2, []],
}


def environment(**values):
    return {"DIMENSIONS_EMULATOR_" + name.upper(): value for name, value in values.items()}


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "dimensions-emulator.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def shown(value):
    """A value as TOML writes it."""
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"'{value}'"
        if isinstance(value, str)
        else str(value)
    )


def mistakes(*arguments, **how):
    with pytest.raises(SettingsInvalid) as caught:
        resolve(*arguments, **how)
    return caught.value.args[0]


def test_every_setting_is_tried_here():
    assert set(VALUES) == set(BAD) == set(PARSERS) == set(Settings.__slots__) - {"origins"}


@pytest.mark.parametrize("name", VALUES)
def test_a_flag_comes_before_the_environment_before_the_file_before_the_default(name, toml):
    (flag, from_flag), (variable, from_variable), (entry, from_file) = VALUES[name]
    path = toml(f"{name} = {shown(entry)}")
    beside = {"tls": True} if name in {"tls_name", "tls_directory"} else {}

    found = [
        resolve({**beside, name: flag}, environment(**{name: variable}), path),
        resolve({**beside, name: None}, environment(**{name: variable}), path),
        resolve(beside, {}, path),
        resolve({}, {}),
    ]

    assert [getattr(one, name) for one in found] == [
        from_flag,
        from_variable,
        from_file,
        getattr(Settings(), name),
    ]
    assert [one.origins[name] for one in found] == ["flag", "environment", f"file {path}", "default"]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_a_bad_value_is_named_with_its_setting_and_what_is_allowed(name, value):
    allowed = PARSERS[name][1]
    told = "what was given" if name == "admin_token" else repr(value)

    assert mistakes({name: value}, {}) == [f"--{name.replace('_', '-')} cannot be {told}; it is {allowed}"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_of_the_environment_is_named_with_its_variable(name):
    variable = environment(**{name: BAD[name][0]})

    (mistake,) = mistakes({}, variable)

    assert mistake.startswith(f"DIMENSIONS_EMULATOR_{name.upper()} cannot be ")
    assert mistake.endswith(f"; it is {PARSERS[name][1]}")


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_of_the_file_is_named_with_its_key_and_the_file(name, toml):
    path = toml(f"{name} = 1979-05-27")

    (mistake,) = mistakes({}, {}, path)

    assert mistake.startswith(f"{name} in file {path} cannot be ")
    assert mistake.endswith(f"; it is {PARSERS[name][1]}")


def test_all_mistakes_of_all_sources_are_told_at_once(toml):
    path = toml("seed = -1\nprot = 4020\n[smtp]\nhost = 'localhost'")

    told = mistakes({"port": "http", "log_format": "xml"}, environment(users="0"), path)

    assert [mistake.split(" ")[0] for mistake in told] == [
        "prot",
        "--port",
        "seed",
        "DIMENSIONS_EMULATOR_USERS",
        "smtp",
        "--log-format",
    ]


def test_a_bad_value_that_a_better_source_overrides_does_no_harm(toml):
    found = resolve({"port": "1"}, environment(port="x"), toml("port = 'y'"))

    assert found.port == 1


def test_a_key_of_the_file_that_is_no_setting_is_named_with_those_there_are(toml):
    path = toml("prot = 4020")

    assert mistakes({}, {}, path) == [
        f"prot in file {path} is not a setting; there are: {', '.join(sorted(PARSERS))}"
    ]


@pytest.mark.parametrize("key", ["log-format", "log_format"])
def test_keys_of_the_file_are_written_with_dashes_or_underscores(key, toml):
    assert resolve({}, {}, toml(f"{key} = 'json'")).log_format == "json"


def test_texts_of_the_file_mean_the_same_as_its_numbers(toml):
    found = resolve({}, {}, toml("port = '4021'\njson = 'true'\nlocale = 'en_US,fr_FR'"))

    assert (found.port, found.json, found.locale) == (4021, True, ("en_US", "fr_FR"))


def test_variables_that_are_no_settings_are_left_alone():
    assert resolve({}, {"DIMENSIONS_EMULATOR_NEWS": "x", "PORT": "1"}) == resolve({}, {})


def test_flags_that_are_not_given_come_from_elsewhere():
    found = resolve({"json": None, "locale": (), "port": None}, environment(json="true", locale="en_US"))

    assert (found.json, found.locale, found.port) == (True, ("en_US",), 4020)


def test_a_flag_of_zero_is_given():
    assert resolve({"port": 0}, environment(port="1")).port == 0


def test_a_file_that_is_not_there_is_no_mistake_unless_somebody_named_it(tmp_path):
    path = tmp_path / "none.toml"

    assert resolve({}, {}, path) == resolve({}, {})
    assert mistakes({}, {}, path, required=True) == [f"the settings file {path} does not exist"]


@pytest.mark.parametrize("raw", [b"port = ", b"port = 1\nport = 2", b"\xff", b"= 1", b"\x00"], ids=repr)
def test_a_file_that_is_not_toml_is_named_with_the_reason(raw, tmp_path):
    path = tmp_path / "broken.toml"
    path.write_bytes(raw)

    (mistake,) = mistakes({}, {}, path)

    assert mistake.startswith(f"the settings file {path} cannot be read: ")


def test_a_file_that_cannot_be_opened_is_named_with_the_reason(tmp_path):
    (mistake,) = mistakes({}, {}, tmp_path)

    assert mistake.startswith(f"the settings file {tmp_path} cannot be read: ")
    assert "directory" in mistake


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.7.9", "emulator.test"])
def test_a_server_that_strangers_reach_needs_a_secret_or_no_control_plane(host):
    (mistake,) = mistakes({"host": host}, {})

    assert mistake.startswith(f"--host {host} lets other machines in")
    assert "--admin-token" in mistake
    assert "--no-admin" in mistake
    assert resolve({"host": host, "admin_token": "12345678"}, {}).host == host
    assert resolve({"host": host, "no_admin": True}, {}).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST"])
def test_a_server_on_this_machine_alone_needs_neither(host):
    assert resolve({"host": host}, {}).host == host


def test_a_secret_for_a_control_plane_that_is_not_there_is_refused():
    assert mistakes({"no_admin": True, "admin_token": "12345678"}, {}) == [
        "--no-admin and --admin-token exclude each other"
    ]
