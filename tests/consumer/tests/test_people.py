import pytest

from onboarding.cli import main
from onboarding.people import FileInvalid, Person, read
from onboarding.roles import with_prerequisites


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "people.csv"
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_row_is_a_person(written):
    people = read(
        written(
            "\ufeffemail,name,roles,device,client\nada@x.example, Ada ,b a b,d1,mobile\nbob@x.example,Bob\n"
        )
    )

    assert people == [
        Person("ada@x.example", "Ada", ("b", "a"), "d1", "mobile"),
        Person("bob@x.example", "Bob"),
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "line 1: no column 'email'"),
        ("email,name,rolls\n", "line 1: unknown column 'rolls'"),
        ("email,name\n,Ada\n", "line 2: no email"),
        ("email,name\nada@x.example,\n", "line 2: no name"),
        (
            "email,name\nada@x.example,Ada\nADA@x.example,Ada\n",
            "line 3: ADA@x.example stands in line 2 already",
        ),
        ("email,name,client\nada@x.example,Ada,fax\n", "line 2: unknown client 'fax'"),
        ("email,name\nada@x.example,Ada,more\n", "line 2: more cells than columns"),
        ('email,name\n"ada@x.example,Ada\n', "unexpected end of data"),
    ],
)
def test_a_file_with_mistakes_is_not_begun(written, text, mistake):
    with pytest.raises(FileInvalid) as refused:
        read(written(text))

    assert mistake in str(refused.value)


def test_all_mistakes_are_told_at_once(written, capsys):
    flags = ["--base-url", "http://nowhere.invalid", "--token", "t", "--customer", "c"]

    assert main([str(written("email,name\n,Ada\nbob@x.example,\n")), *flags], {}) == 2
    assert {"line 2: no email", "line 3: no name"} <= set(
        capsys.readouterr().err.partition(": ")[2].splitlines()
    )


def test_what_is_not_said_by_flags_or_the_environment_is_asked_for(written, capsys):
    with pytest.raises(SystemExit):
        main([str(written("email,name\n"))], {"DIMENSIONS_TOKEN": "t"})

    assert "required: --base-url, --customer" in capsys.readouterr().err


def test_prerequisites_come_before_what_needs_them():
    assert with_prerequisites(["customer.user.uc.softphone", "customer.workspace.admin"]) == (
        "customer.user",
        "customer.user.uc",
        "customer.user.uc.softphone",
        "customer.settings",
        "customer.workspace.admin",
    )
