"""The soak: two machines on a pair of PostgreSQL servers, a process killed every 20 s, the primary once, and no loss.

    python -m bench.soak --minutes 30

People and programs use the service as they do: downloads, freezes, releases, revocations, sign-ins, imports with their
review, OCSP and CRLs. Each notes what it was told. In the end everything that was acknowledged is looked for, and the
auditor of status and the audit log's verifier are asked. Exit status 1: something is lost, wrong, or not as promised.

    plan.py       how long, how much, how often          journal.py    what was acknowledged, and what failed
    machines.py   the processes, killed and restarted    wire.py       HTTP to whichever machine answers
    stage.py      the CA, its people and their tokens    console.py    a staff member's session
    loads.py      who does what                          course.py     the run itself
    memory.py     what each process holds                verdict.py    what is found in the end
"""
