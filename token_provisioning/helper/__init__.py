"""教育CA证书助手 as people use it: a page on 127.0.0.1, for this user and this run alone."""
