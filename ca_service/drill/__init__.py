"""The fault drill: on a copy of a CA, everything that can be taken away is, at each place where it can matter.

    copying     the copy, what makes it one, and the refusal to drill anything else (issuing_key, toml_text)
    acts        what the CA does meanwhile: issue, renew, freeze, revoke, publish (people)
    places      where an act can be struck; struck: the service's adapters with these places
    blows       what strikes: SIGKILL, no token, no database, no disk
    child       a process of the CA that is struck, or that starts afterwards
    witness     what the drill saw itself; evidence: what is on record; invariants: what must hold of the two
    drilling    all of it, one fault after the other; report: what it says

Nothing of the service imports this package but the command: there is no place to strike at in a CA that is in use.
"""
