def test_a_new_user_gets_an_activation_mail(dimensions_world):
    dimensions_world.users.create("ada@mail.example")
    mail = dimensions_world.mail.wait_for(to="ada@mail.example", kind="activation")
    assert "/activate/" in mail.link
