"""The helper that puts certificates on UKEY tokens: the steps, PKCS#11 beneath them, command and page above."""
