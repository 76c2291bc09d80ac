"""The mails that people get."""

from __future__ import annotations

import pytest

ADA, BOB = "ada@mail.example", "bob@mail.example"


def test_everybody_gets_an_activation_mail_whose_link_works(onboard, dimensions_world):
    onboard(ADA, BOB)

    for email in (ADA, BOB):
        mail = dimensions_world.mail.wait_for(to=email, kind="activation")
        assert email.partition("@")[0].title() in mail.text
        assert dimensions_world.requests_session().get(mail.link, timeout=10).status_code == 200


def test_the_uc_role_brings_a_welcome(onboard, dimensions_world):
    onboard({"email": ADA, "roles": "customer.user.uc"}, flags="--accept-charges")

    assert dimensions_world.mail.wait_for(to=ADA, kind="uc-welcome").subject
    assert [mail.kind for mail in dimensions_world.mail.all(to=ADA)] == ["activation", "uc-welcome"]


def test_waiting_in_vain_tells_what_there_is(onboard, dimensions_world):
    onboard(ADA)

    with pytest.raises(AssertionError, match=ADA):
        dimensions_world.mail.wait_for(to=BOB, timeout=0.1)


def test_a_link_that_has_expired_is_replaced_by_a_reminder(onboard, dimensions_world):
    dimensions_world.clock.freeze()
    onboard(ADA)
    first = dimensions_world.mail.wait_for(to=ADA)

    dimensions_world.clock.advance(days=365)
    browser = dimensions_world.requests_session()
    assert browser.get(first.link, timeout=10).status_code in {404, 410}

    assert onboard(ADA, flags="--remind").rows == {ADA: ("unchanged", "reminded")}
    second = dimensions_world.mail.wait_for(to=ADA, after=first.id)
    assert browser.get(second.link, timeout=10).status_code == 200


def test_a_mailbox_that_takes_nothing_does_not_stop_the_onboarding(onboard, dimensions_world):
    dimensions_world.mail.fail(to="ada@*")

    run = onboard(ADA, BOB)

    assert run.code == 0
    assert dimensions_world.mail.wait_for(to=BOB)
    assert dimensions_world.mail.all(to=ADA) == []
    assert len(dimensions_world.mail.all(to=ADA, delivery="failed")) == 1
