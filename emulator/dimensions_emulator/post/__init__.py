"""The post: mails as people read them, relayed over SMTP on request."""
