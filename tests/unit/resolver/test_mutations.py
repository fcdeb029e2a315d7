"""Any octets from any server: the machine ends in an answer, and what it calls secure is what the zone holds.

Mutations are drawn from a seeded generator, so that a failure can be played again.
"""

import random

import dns.message
import pytest
from resolver_world import internet

QUESTIONS = [
    ("www.example.com.", "A"),
    ("far.example.com.", "A"),
    ("y.wild.example.com.", "A"),
    ("nothing.example.com.", "A"),
    ("www.compact.com.", "AAAA"),
    ("nothing.compact.com.", "A"),
    ("www.unsigned.com.", "A"),
    ("example.com.", "DNSKEY"),
]


def said(answer):
    rcode = 3 if answer.nxname else answer.rcode  # compact denial comes with either
    return rcode, frozenset((s.owner, s.rtype, r) for s in answer.answer if s.rtype != 46 for r in s.rdatas)


@pytest.mark.parametrize("seed", range(12))
def test_mutated_replies(seed):
    draw = random.Random(seed)
    world = internet()
    truth = {q: said(world.run(*q)) for q in QUESTIONS}

    def tamper(reply, server, qname, qtype, tcp):
        if draw.random() < 0.6:
            return reply
        packet = bytearray(reply.to_wire(max_size=65535))
        for _ in range(draw.choice((1, 1, 2, 8))):
            packet[draw.randrange(2, len(packet))] = draw.randrange(256)
        if draw.random() < 0.1:
            del packet[draw.randrange(len(packet)) :]
        return bytes(packet)

    world.tamper = tamper
    for question in QUESTIONS * 4:
        answer = world.run(*question)
        if answer.secure:
            assert said(answer) == truth[question], (seed, question)


@pytest.mark.parametrize("seed", range(6))
def test_replies_put_together_from_other_replies(seed):
    """Genuine, signed records in the wrong place: replays of everything that the servers ever said."""
    draw = random.Random(seed)
    world = internet()
    truth = {q: said(world.run(*q)) for q in QUESTIONS}
    heard: list[dns.message.Message] = []
    world.tamper = lambda reply, *_: heard.append(reply) or reply
    for question in QUESTIONS:
        world.run(*question)

    def tamper(reply, server, qname, qtype, tcp):
        if draw.random() < 0.4:
            other = draw.choice(heard)
            part = draw.choice(("answer", "authority", "additional"))
            records = list(getattr(other, part))
            if draw.random() < 0.5:
                records += getattr(reply, part)
            setattr(reply, part, [r for r in records if draw.random() < 0.9])
        if draw.random() < 0.2:
            reply.set_rcode(draw.choice((0, 3)))
        return reply

    world.tamper = tamper
    for question in QUESTIONS * 5:
        answer = world.run(*question)
        if answer.secure:
            assert said(answer) == truth[question], (seed, question)
