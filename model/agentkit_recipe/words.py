# ruff: noqa: E501 (lists of words)
"""The plain words that composed tools are made of.

Each list is drawn from by split: one entry in four (one group of synonyms in four, by its first word) is held out. The
main words of the catalogue's held-out families (`HELD_OUT_WORDS`) are in none of the lists.
"""

from __future__ import annotations

from .values import split_of
from .vocabulary import listed

HELD_OUT_WORDS = frozenset("tax vacuum hotel synonym app train departure".split())


def _groups(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(listed(group) for group in text.split(";") if group.strip())


def of_split(entries: tuple[str, ...], split: str) -> tuple[str, ...]:
    """The entries of one split."""
    return tuple(entry for entry in entries if split_of(entry) == split)


def groups_of_split(groups: tuple[tuple[str, ...], ...], split: str) -> tuple[tuple[str, ...], ...]:
    """The groups whose first word is of one split."""
    return tuple(group for group in groups if split_of(group[0]) == split)


# What is done to a thing. The groups of one line mean nearly the same: a request for one of them is no proof that
# another one does not serve it.
VERBS: tuple[tuple[tuple[str, ...], ...], ...] = tuple(_groups(line) for line in """
create, make; add, insert, append; register, enrol; generate, produce; build, construct; compose, draft; set up, prepare; design; log, record; open; install
delete, remove, erase; cancel, call off; discard, throw away; clear, empty; drop, dismiss; revoke, withdraw; uninstall; close, shut; terminate, end
update, change, modify; edit, revise; adjust, tune; correct, fix; rename, relabel; replace, swap; extend, prolong; improve; resize, scale; move, shift, relocate; configure; raise, increase; lower, reduce, decrease; upgrade; translate, localize
send, dispatch; forward, pass on; share; post, publish; deliver, ship; submit, hand in; export; upload; broadcast, announce; notify, inform, alert; invite
start, begin, launch; run, execute; enable, activate, switch on; resume, continue; trigger; play
stop, halt; pause, suspend; disable, deactivate, switch off; block, ban; mute, silence; freeze; abort
approve, accept, confirm; allow, permit, grant; sign; pay, settle
reject, decline, refuse; report, flag; dispute
lock, secure; encrypt; hide; protect
unlock; decrypt; release
reserve, book; order, buy, purchase; rent, hire; request, ask for; subscribe to; claim
sell; offer; donate, give away; lend; refund, reimburse; return, send back
schedule, plan; postpone, delay; arrange
print; scan; copy, duplicate, clone; archive, store; back up; download; save, keep; restore, recover
sort; group; merge, combine, join; split, divide; compress, zip; convert, transform; format; compare; rank
calculate, compute, work out; estimate; measure; predict, forecast; simulate; analyse, examine; summarise, sum up; evaluate, rate, grade; verify, validate; test, try out; inspect, audit
assign, allocate; attach, link, connect; detach, unlink, disconnect; tag, label, mark; pin; bookmark; transfer
clean, wash; repair, mend; paint; water; feed; heat, warm; cool, chill; fill, refill; drain; charge; park; wrap, pack; unpack; cut, trim; mix, blend; bake; hang; pick up, collect; weigh
follow; track, trace; monitor, watch, observe; review, check over; teach; visit; greet, welcome; promote; demote
""".strip().splitlines() if line.strip())  # fmt: skip
# What is asked about many things at once: "list the invoices", "count the invoices".
LOOKUPS = _groups(
    """list, enumerate; count, tally; find, search, look for; show, display, view; get, fetch, retrieve; look up, consult; read"""
)
MODIFIERS = listed("""customer, supplier, guest, student, team, family, office, project, monthly, weekly, daily, annual, internal, external,
    public, private, draft, final, old, new, main, backup, digital, paper, garden, kitchen, school, hospital, factory, warehouse,
    city, village, summer, winter, spring, night, morning, red, green, blue, silver, wooden, electric, solar, mobile, remote,
    local, global, regional, foreign, medical, legal, sales, marketing, finance, support, travel, sports, music, video, photo,
    news, food, coffee, wine, fruit, flower, wedding, birthday, emergency, safety, quality, research, laboratory, library,
    museum, theater, cinema, beach, mountain, river, harbor, airport, bus, cargo, freight, fleet, staff, member, partner,
    vendor, tenant, patient, driver, pilot, author, artist, press, loyalty, premium, trial, spare, rental, voice, sensor""")
OBJECTS = listed("""invoice, receipt, voucher, coupon, refund, quote, estimate, contract, lease, permit, licence, certificate, passport, visa,
    badge, membership, subscription, account, wallet, card, loan, mortgage, pension, donation, budget, expense, salary, bonus,
    payslip, ledger, statement, transaction, deposit, bill, fine, claim, policy, warranty, audit, report, summary, memo, agenda,
    proposal, brochure, flyer, poster, newsletter, article, essay, chapter, manuscript, glossary, footnote, caption,
    headline, column, slide, presentation, spreadsheet, diagram, chart, graph, dashboard, table row, survey, questionnaire, poll,
    ballot, petition, form, template, checklist, blueprint, sketch, drawing, mural, sculpture, photo album, portrait, postcard,
    stamp, envelope, parcel, package, crate, pallet, container, shipment, delivery, courier, truck, van, scooter, bicycle, tram,
    ferry, yacht, canoe, helicopter, drone, rocket, satellite, telescope, antenna, beacon, lighthouse, bridge, tunnel, canal,
    dam, reservoir, pipeline, turbine, generator, battery pack, inverter, transformer, cable, socket, switch, fuse, circuit,
    sensor, meter, gauge, thermostat schedule, valve, tank, boiler room, furnace, chimney, radiator, ventilator, filter, hose,
    sprinkler zone, greenhouse, orchard, vineyard, field, meadow, hedge trimmer, tractor, barn, stable, fence, gate code, pond,
    aquarium, terrarium, beehive, nest box, kennel, saddle, leash, cage, herd, flock, patient file, prescription, vaccine, dose,
    diagnosis, allergy, symptom, blood sample, x-ray, bandage, wheelchair, ambulance, clinic, ward, surgery, therapy, diet plan,
    workout, training plan, tournament, match report, league, season, referee, stadium, ticket, seat, balcony seat, locker,
    trophy, medal, scoreboard, playbook, lesson, course, syllabus, homework, exam, quiz, grade book, transcript, scholarship,
    classroom, campus, dormitory, laboratory, experiment, specimen, microscope, formula sheet, dataset, notebook page, model,
    pipeline job, server, cluster, container image, database, backup job, snapshot, index, cache, queue, log entry, ticket queue,
    issue, bug, patch, branch, commit, release, build, deployment, certificate key, token, password policy, firewall rule, port,
    domain, website, landing page, banner, cookie, session, user group, role, workspace, channel, thread, mailbox, signature,
    attachment, contact list, calendar slot, meeting point, conference, workshop, webinar, exhibition, fair, auction, bid, lot,
    antique, painting, carpet, sofa, wardrobe, mattress, lampshade, curtain, pillow, blanket, towel, laundry bag, basket, bucket,
    ladder, hammer, drill, screwdriver, toolbox, workbench, nail, brick, tile, roof, facade, staircase, elevator, corridor,
    basement, parking space, storage unit, apartment, cottage, tent, campsite, trail, viewpoint, itinerary, cruise, excursion,
    guidebook, souvenir, suitcase, backpack, umbrella, coat, uniform, shoe, necklace, watch, ring, perfume, candle, bouquet,
    cake, pie crust, sauce, spice rack, menu, buffet, barrel, bottle, keg, jar, freezer bag, oven tray, podcast, episode, trailer,
    soundtrack, remix, choir, orchestra, concert, festival, costume, stage light, microphone, amplifier, guitar, violin, drum kit,
    piano lesson, vinyl record, puzzle, board game, avatar, quest, weapon skin, guild, leaderboard, robot, printer job, assembly line,
    machine, conveyor, forklift, spare part, screw set, paint job, recall, inspection, complaint, feedback, testimonial, referral,
    lead, deal, campaign, advert, slogan, logo, brand, product, catalogue, price list, discount, bundle, shelf, stock item, barcode,
    cash register, till, queue number, appointment, interview, vacancy, candidate, employee, shift, timesheet, overtime, holiday request,
    sick note, farewell party, mentor, volunteer, donor, witness, lawsuit, verdict, hearing, evidence, will, patent, trademark""")
ATTRIBUTES: tuple[tuple[str, str], ...] = tuple(
    (left.strip(), right.strip()) for left, right in (line.split("|") for line in """
price | how much is {x}, what does {x} cost
status | how is {x} doing, where does {x} stand
owner | who owns {x}, to whom does {x} belong
location | where is {x}, where can I find {x}
size | how big is {x}, how large is {x}
weight | how heavy is {x}, how much does {x} weigh
length | how long is {x}
height | how high is {x}, how tall is {x}
age | how old is {x}
author | who wrote {x}, who made {x}
deadline | when is {x} due, until when is {x} possible
start date | when does {x} start, when does {x} begin
end date | when does {x} end, when is {x} over
duration | how long does {x} take, how long does {x} last
balance | how much is left on {x}
speed | how fast is {x}
temperature | how warm is {x}, how hot is {x}
distance | how far away is {x}
color | what color is {x}, which color has {x}
opening hours | when does {x} open, when is {x} open
availability | is {x} available, can I still get {x}
manager | who runs {x}, who manages {x}
address | at what address is {x}
phone number | how can I call {x}
version | which version of {x} do we have
language | in which language is {x}
capacity | how many fit into {x}
rating | how good is {x}, how well is {x} rated
history | what happened to {x} so far
progress | how far along is {x}
condition | in what shape is {x}
category | what kind of thing is {x}
origin | where does {x} come from
material | what is {x} made of
expiry date | when does {x} expire, until when is {x} valid
serial number |
quantity | how many of {x} are there
score |
value | how much is {x} worth
risk | how risky is {x}
title | what is {x} called
population | how many live in {x}
revenue | how much does {x} earn
summary | what is {x} about
contents | what is in {x}, what does {x} contain
members | who belongs to {x}, who is in {x}
comments | what do people say about {x}
requirements | what does {x} need
currency |
schedule | when does {x} take place
""".strip().splitlines()))  # fmt: skip
# What a parameter is called, for values of any kind.
NOUNS = listed("""label, code, category, topic, subject, reference, source, target, channel, section, zone, region, branch, department, group,
    sponsor, reviewer, approver, inspector, coach, guardian, witness, courier, editor, designer, architect, supplier, brand, theme, motto,
    nickname, alias, keyword, tag, prefix, suffix, marker, key, field, column, topic area, dish, ingredient, material, fabric, flavor,
    filling, topping, pattern, texture, shade, finish, slot, shelf, aisle, floor, wing, building, street, gate, platform, dock, lane, route,
    stop, landmark, base, camp, club, team, league, opponent, partner, rival, mentor, host, guest, visitor, tenant, buyer, seller,
    lender, heir, beneficiary, caller, speaker, singer, composer, genre, chapter, volume, edition, series, scene, plot, hero, villain,
    symbol, icon, font, layout, template, script, command, module, server, cluster, folder, archive, backup, registry, queue, job,
    phase, stage, step, milestone, goal, purpose, reason, motive, remark, hint, clue, question, answer, title, heading, caption, slogan""")
QUANTITIES = listed("""limit, count, copies, quantity, amount, seats, units, pages, rows, level, volume, score, points, weight, width, height,
    depth, length, distance, speed, power, pressure, budget, price, fee, deposit, rating, priority, delay, timeout, retries, attempts,
    age, floor, year, version, batch size, offset, radius, ratio, share, threshold, margin, dose, portions, servings, guests, players""")
PLURALS = listed("""tags, labels, names, members, guests, players, items, parts, topics, cities, stops, words, columns, fields, ingredients,
    colors, keywords, authors, readers, teams, rooms, devices, products, options, extras, tasks, skills, sources, folders, groups""")
PARENTS = listed(
    """range, period, window, route, trip, transfer, span, size, area, frame, bounds, details, options, settings, data, filter, plan, info"""
)
ADJECTIVES = listed("""urgent, private, public, recurring, encrypted, visible, locked, shared, confidential, anonymous, permanent, temporary,
    automatic, secret, official, optional, mandatory, final, fragile, insured, vegan, organic, waterproof, reusable, verified, featured""")
EXTRAS = listed("""pictures, attachments, subtitles, captions, breakfast, insurance, archives, comments, drafts, details, history, music,
    sound, reminders, notifications, duplicates, weekends, holidays, shipping, gift wrap, parking, wifi, headers, footnotes, links,
    totals, discounts, photos, maps, samples, labels, signature, tracking, cover letter, receipts, children, pets, toppings""")
# What an enum is called and its choices, then how a choice is said ({0}).
CHOICES: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = tuple(
    (listed(keys), listed(choices), listed(said)) for keys, choices, said in (line.split("|") for line in """
priority, urgency, importance | low, medium, high | with {0} priority, as {0} priority
size, dimension | small, medium, large | in {0}, in size {0}
format, file_type, output | pdf, csv, json, xml, docx | as {0}, in {0} format, as a {0} file
frequency, interval, how_often | hourly, daily, weekly, monthly, yearly | on a {0} basis, to happen {0}
quality, resolution | draft, normal, best | in {0} quality
direction, turn | left, right, up, down | to the {0} side, {0}wards
method, payment, pay_by | cash, card, transfer, voucher | by {0}, and pay by {0}
shipping, delivery, service | standard, express, overnight | by {0} delivery, with {0} shipping
state, new_state, condition | pending, active, closed, archived | as {0}, with state {0}
travel_class, cabin, comfort | economy, business, first | in {0} class
season, time_of_year | spring, summer, autumn, winter | in {0}, for the {0} season
material, made_of | wood, steel, glass, plastic, stone | made of {0}, in {0}
shape, outline | round, square, oval, flat | in a {0} shape
pace, tempo | slow, moderate, fast | at a {0} pace
role, access, permission | admin, editor, viewer, guest | as {0}, with {0} rights
visibility, audience | public, private, friends, nobody | visible to {0}
difficulty, skill_level | beginner, advanced, expert | at {0} level
part_of_day, slot | morning, noon, evening, night | in the {0} part of the day
order, sorting | ascending, descending, random | in {0} order
unit, measure | metric, imperial | in {0} units
tone, style, voice | formal, friendly, funny, serious | in a {0} tone
environment, stage | production, staging, testing | on {0}, in {0}
side, half | front, back, both | on the {0} side
language_level, strictness | strict, normal, loose | in {0} mode
department, division | sales, support, finance, legal | at the {0} department
weather, climate | sunny, rainy, snowy, windy | for {0} weather
vehicle, transport | car, bike, bus, boat | by {0}, with the {0}
milk, drink_milk | oat, soy, cow, almond | with {0} milk
theme, look | dark, light, system | in the {0} theme
age_group, readers | children, teens, adults, seniors | for {0}
reason, cause | damaged, lost, late, wrong | because it was {0}
cut, doneness | rare, medium, done | done {0}
power_state, power, state, switched | on, off | {0}, turned {0}, switched {0}, and turn it {0}, and it should be {0}, put {0}
position, valve, lid | open, closed | {0}, left {0}, and keep it {0}, and it should be {0}
mode, operation, running | on, off, auto, manual | {0}, on {0}, set to {0}, and set it to {0}
""".strip().splitlines()))  # fmt: skip
SENTENCES = (
    "Saved as {code}.", "{person} was told.", "All set.", "Nothing to do.", "It will be there on {weekday}.", "Added {item}.",
    "{count} entries changed.", "Your number is {code}.", "{title} is ready.", "Sent to {person}.", "There were {count} of them.",
    "{person} will come at {time}.", "Please wait until {date}.", "{word} is not {word}.", "Moved to {city}.", "The price is {money}.",
)  # fmt: skip
"""Results of training that are sentences, with kinds of values in them."""
