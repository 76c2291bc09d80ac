import socket
from textwrap import dedent

import pytest

from server_process import command


def refused(*arguments, cwd, **variables):
    """What the command says on standard error when it does not start."""
    done = command("serve", "--port", "0", *arguments, cwd=cwd, **variables)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert all(line.startswith("dimensions-emulator: ") for line in lines)
    return [line.removeprefix("dimensions-emulator: ") for line in lines]


def test_a_port_in_use_is_one_line_that_says_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        told = refused("--port", str(port), cwd=tmp_path)

    assert told == [f"port {port} on 127.0.0.1 is in use; choose another with --port (0 takes any free one)"]


@pytest.mark.parametrize("host", ["no-such-host.invalid", "not a host", "a" * 70, "example..com"])
def test_an_unknown_host_is_one_line(host, tmp_path):
    (told,) = refused("--host", host, "--no-admin", cwd=tmp_path)

    assert told == f"the host '{host}' is not known; --host takes a name or an address of this machine"


def test_an_address_of_another_machine_is_one_line(tmp_path):
    (told,) = refused("--host", "192.0.2.1", "--no-admin", cwd=tmp_path)

    assert told == "cannot listen on 192.0.2.1:0: Cannot assign requested address"


def test_settings_with_mistakes_are_a_line_each(tmp_path):
    (tmp_path / "dimensions-emulator.toml").write_text("prot = 1\n", "utf-8")

    told = refused("--users", "0", "--log-format", "xml", cwd=tmp_path, DIMENSIONS_EMULATOR_SMTP="x")

    assert [line.split(" ")[0] for line in told] == [
        "prot",
        "--users",
        "DIMENSIONS_EMULATOR_SMTP",
        "--log-format",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--unix-socket", "a.sock"], ["--port does not go with --unix-socket"]),
        (
            ["--unix-socket", "a.sock", "--host", "localhost"],
            ["--host does not go with --unix-socket", "--port does not go with --unix-socket"],
        ),
        (
            ["--unix-socket", "a.sock", "--tls"],
            ["--port does not go with --unix-socket", "--tls does not go with --unix-socket"],
        ),
        (["--tls-name", "a.test"], ["--tls-name goes with --tls"]),
        (["--tls-directory", "keys"], ["--tls-directory goes with --tls"]),
    ],
)
def test_settings_that_do_not_go_together_are_told(arguments, told, tmp_path):
    assert refused(*arguments, cwd=tmp_path) == told
    assert list(tmp_path.iterdir()) == []


def test_what_takes_the_place_of_another_setting_is_told_wherever_it_came_from(tmp_path):
    (tmp_path / "dimensions-emulator.toml").write_text("unix_socket = 'a.sock'\n", "utf-8")

    told = refused(cwd=tmp_path, DIMENSIONS_EMULATOR_TLS="1", DIMENSIONS_EMULATOR_TLS_NAME="a.test")

    assert told == [
        f"{name} does not go with unix_socket in file dimensions-emulator.toml"
        for name in ("--port", "DIMENSIONS_EMULATOR_TLS")
    ]


def test_a_settings_file_that_is_named_must_be_there(tmp_path):
    assert refused("--config", "mine.toml", cwd=tmp_path) == ["the settings file mine.toml does not exist"]


def test_a_world_that_does_not_exist_is_named_with_those_there_are(tmp_path):
    (told,) = refused("--world", "ofice", cwd=tmp_path)

    assert "ofice" in told
    assert all(name in told for name in ("empty", "office", "call-centre", "crowd"))


def test_every_mistake_of_a_world_file_is_a_line_with_its_place(tmp_path):
    world = tmp_path / "world.yaml"
    world.write_text(
        dedent(
            """\
            version: 1
            accounts:
              reseller: {name: Reseller, colour: red}
            customers:
              shop: {name: Shop, account: nobody, countryCode: US}
            users:
              ada@mail.example:
                displayName: Ada
                memberships: {shop: [customer.nonsense]}
            """
        ),
        "utf-8",
    )

    told = refused("--world", str(world), cwd=tmp_path)

    assert [line.split(": ")[0] for line in told] == [f"{world}:3", f"{world}:5", f"{world}:9"]


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "{", "\x00"], ids=repr)
def test_a_world_file_that_is_no_world_is_told_without_a_traceback(text, tmp_path):
    (tmp_path / "world.yaml").write_text(text, "utf-8")

    assert "world.yaml" in refused("--world", "world.yaml", cwd=tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ("[]", ""),
        ('{"name": "mine", "decisions": {"user-exists": "maybe"}}', "user-exists"),
        ('{"name": "mine", "decisions": {"colour": "red"}}', "colour"),
    ],
)
def test_a_broken_profile_is_told_with_its_name(text, part, tmp_path):
    if text is not None:
        (tmp_path / "profile.json").write_text(text, "utf-8")

    (told,) = refused("--profile", "profile.json", cwd=tmp_path)

    assert told.startswith("profile profile.json")
    assert part in told


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--locale", "xx_XX"), "xx_XX"),
        (("--world", "empty", "--users", "5"), "empty"),
        (("--world", "mine.json", "--users", "5"), "--users and --locale go with a named world"),
    ],
)
def test_people_that_cannot_be_made_are_told(arguments, part, tmp_path):
    (told,) = refused(*arguments, cwd=tmp_path)

    assert part in told


def test_a_settings_file_can_be_named_in_the_environment(tmp_path):
    failed = command("serve", cwd=tmp_path, DIMENSIONS_EMULATOR_CONFIG="missing.toml")

    assert failed.returncode == 2
    assert "missing.toml does not exist" in failed.stderr
