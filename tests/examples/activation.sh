world=$DIMENSIONS_URL/s/curl-$$
curl -fsS "$world/api/v1.0/customers/$DIMENSIONS_CUSTOMER_ID/users" -H "Authorization: Bearer $DIMENSIONS_TOKEN" \
  -H 'Content-Type: application/json' -d '{"email": "ada@mail.example", "displayName": "Ada", "roles": []}'
mail=$(curl -fsS "$world/_emulator/mail/wait?to=ada@mail.example&kind=activation")
grep -q /activate/ <<<"$mail"
