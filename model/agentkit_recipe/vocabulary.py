# ruff: noqa: E501 (lists of words)
"""Words for the values of everyday life: medicines, sports, crops, machines ... `values` draws from them by split."""

from __future__ import annotations


def listed(text: str) -> tuple[str, ...]:
    """The distinct entries of a list with commas, each on one line."""
    return tuple(dict.fromkeys(" ".join(entry.split()) for entry in text.split(",") if entry.strip()))


MEDICINES = listed("""aspirin, ibuprofen, paracetamol, insulin, penicillin, amoxicillin, vitamin D, vitamin C, iron, magnesium, melatonin,
    metformin, cortisone, codeine, zinc, calcium, antacid, cough syrup, statin, folic acid, omeprazole, loratadine""")
SYMPTOMS = listed("""a headache, a fever, a cough, a sore throat, back pain, a runny nose, a rash, dizziness, nausea, a stiff neck, chest pain,
    a swollen ankle, itchy eyes, a toothache, an earache, cramps, chills, a limp, hiccups, a bruise, weak knees, shaky hands""")
EXERCISES = listed("""running, swimming, cycling, rowing, yoga, pilates, boxing, dancing, push-ups, squats, sit-ups, skipping, climbing,
    hiking, walking, stretching, planks, lunges, karate, aerobics, spinning, zumba, judo, skating""")
SPORTS = listed("""tennis, squash, badminton, football, basketball, volleyball, hockey, handball, padel, rugby, cricket, baseball, golf,
    table tennis, beach volleyball, softball, bowls, netball, pickleball, lacrosse, polo, darts""")
PETS = listed("""Rex, Luna, Bello, Milo, Coco, Daisy, Rocky, Nala, Simba, Felix, Mimi, Pixie, Bruno, Cleo, Oreo, Ginger, Shadow, Lucky, Molly,
    Teddy, Buddy, Misty, Pepper, Ziggy, Pumpkin, Biscuit, Smokey, Fluffy""")
ANIMALS = listed("""cat, dog, parrot, rabbit, hamster, tortoise, ferret, canary, poodle, terrier, goat, pony, duck, goose, lizard, beagle, donkey,
    hen, sheep, cow, pig, llama, horse, calf, lamb, turkey""")
CROPS = listed("""wheat, barley, carrots, beans, lettuce, pumpkins, peas, garlic, radishes, beetroot, leeks, spinach, corn, oats, rye, potatoes,
    kale, onions, cabbage, soy, sunflowers, celery, fennel, chard""")
CLOTHES = listed("""a scarf, a sweater, new boots, a raincoat, gloves, a woolly hat, a silk tie, pajamas, slippers, a leather belt, sneakers, a jacket,
    a dress, a watch, a handbag, earrings, a necklace, socks, sunglasses, a backpack, jeans, an apron, a cap""")
INSTRUMENTS = listed("""guitar, violin, cello, viola, banjo, ukulele, harp, piano, mandolin, bass, lute, zither, sitar, flute, clarinet, oboe,
    trumpet, trombone, saxophone, fiddle""")
GAMES = listed("""chess, checkers, poker, bridge, backgammon, dominoes, go, canasta, rummy, monopoly, scrabble, hearts, mahjong, whist, risk, cluedo,
    battleship, solitaire, uno, bingo, ludo, yahtzee""")
SUBJECTS = listed("""math, physics, chemistry, biology, history, geography, French, Spanish, Latin, art, music, economics, philosophy, algebra,
    geometry, statistics, literature, drama, sports, religion, informatics, ethics, law, astronomy""")
JOBS = listed("""nurse, welder, cook, teacher, accountant, gardener, electrician, programmer, designer, driver, waiter, carpenter, translator,
    cashier, plumber, chemist, editor, lawyer, pilot, analyst, receptionist, butcher, mechanic, tailor, librarian, surveyor""")
MACHINES = listed("""press, lathe, mixer, conveyor, furnace, packing robot, saw, drill, compressor, crane, forklift, labeller, crusher, grinder,
    bottling line, welding cell, boiler, palletizer, loom, kiln, milling machine, paint booth""")
GOODS = listed("""screws, bolts, pallets, tires, bricks, cables, pipes, boxes, bearings, cement bags, paint cans, motors, pumps, filters, sensors, hinges,
    planks, tiles, helmets, gloves, valves, springs, crates, barrels, batteries, ropes""")
SHIPS = listed("""Aurora, Neptune, Sea Breeze, Northern Star, Albatross, Ocean Pearl, Mermaid, Poseidon, Silver Wave, Calypso, Horizon, Blue Whale,
    Queen Anne, Endeavour, Victoria, Odyssey, Triton, Sirena, Polaris, Pelican""")
STARS = listed("""Sirius, Vega, Rigel, Deneb, Altair, Antares, Orion, Cassiopeia, Andromeda, Polaris, Betelgeuse, Aldebaran, Capella, Spica, Pegasus,
    Cygnus, Lyra, the Pleiades, Arcturus, Perseus, Draco""")
BIRDS = listed("""robin, sparrow, heron, kingfisher, barn owl, magpie, swallow, buzzard, woodpecker, cuckoo, stork, blackbird, finch, wren, eagle, kestrel,
    nightingale, starling, swan, jay, osprey, puffin""")
SERVICES = listed("""billing, search, checkout, login, mail, payments, gateway, cache, images, reports, metrics, chat, orders, frontend, scheduler, auth,
    catalog, webhooks, proxy, uploads, sessions, ledger""")
TABLES = listed("""users, orders, invoices, products, events, sessions, payments, customers, stores, employees, reviews, shipments, accounts, logs,
    tickets, prices, suppliers, votes, carts, returns, teams""")
OFFICE_THINGS = listed("""pens, paper, toner, staples, folders, envelopes, chairs, desks, monitors, keyboards, mice, headsets, markers, notepads, stamps, labels,
    binders, coffee beans, cables, webcams, paper clips, sticky notes""")
ELEMENTS = listed("""hydrogen, helium, lithium, carbon, nitrogen, oxygen, neon, sodium, magnesium, silicon, sulfur, chlorine, argon, calcium, iron, nickel,
    copper, zinc, silver, tin, iodine, gold, mercury, lead, uranium, platinum, cobalt, titanium""")
