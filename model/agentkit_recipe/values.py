# ruff: noqa: E501 (lists of words)
"""Argument values for the synthetic tool calls: cities, notes, paths, numbers, dates ...

Every open string belongs to exactly one split: real words and made-up words alike go to "heldout" when
`split_of` (a fixed CRC) says so, and composed values (notes, paths, addresses) are composed of words of one split.
Closed kinds (weekdays, months, units, currencies) and numbers, times and dates are the same in both splits.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agentkit.constraints.spelled import SMALL, TENS

from . import common, vocabulary
from .vocabulary import listed

SPLITS = ("train", "heldout")
MADE_UP = {"train": 0.25, "heldout": 0.2}  # share of made-up words among the draws of an open kind


@dataclass(frozen=True)
class Said:
    """A value whose words in the request differ from what the call carries: "12 times 7" and "12 * 7"."""

    text: str
    value: Any


Value = Any  # str | int | float | bool | list of these, or Said
Draw = Callable[[random.Random, str], Value]


@dataclass(frozen=True)
class Kind:
    """How one kind of value is drawn. `disjoint`: its train and held-out values never coincide."""

    name: str
    draw: Draw
    disjoint: bool = False


def split_of(text: str) -> str:
    """The split a word (or a listed phrase) belongs to, whatever its case: one in four is held out."""
    return "heldout" if zlib.crc32(text.lower().encode()) % 4 == 0 else "train"


CITIES = listed(
    """Paris, London, Berlin, Madrid, Rome, Vienna, Prague, Lisbon, Dublin, Oslo, Stockholm, Helsinki, Copenhagen, Warsaw,
    Budapest, Athens, Brussels, Amsterdam, Zurich, Geneva, Munich, Hamburg, Cologne, Milan, Naples, Turin, Venice, Lyon,
    Nice, Toulouse, Seville, Valencia, Porto, Krakow, Riga, Vilnius, Tallinn, Sofia, Zagreb, Belgrade, Bucharest, Kyiv,
    Istanbul, Ankara, Cairo, Lagos, Nairobi, Accra, Tunis, Rabat, Dakar, Cape Town, Durban, Tokyo, Osaka, Kyoto, Seoul,
    Busan, Beijing, Shanghai, Taipei, Manila, Hanoi, Bangkok, Jakarta, Singapore, Delhi, Mumbai, Chennai, Karachi, Dhaka,
    Tehran, Baghdad, Dubai, Doha, Sydney, Perth, Brisbane, Auckland, Honolulu, New York, Boston, Chicago, Denver, Dallas,
    Houston, Austin, Seattle, Portland, Miami, Atlanta, Detroit, Phoenix, San Diego, Toronto, Montreal, Ottawa, Calgary,
    Vancouver, Mexico City, Havana, Lima, Bogotá, Quito, Santiago, São Paulo, Málaga, Zürich, Recife, Caracas, Montevideo,
    Leeds, Bristol, Glasgow, Cardiff, Belfast, York, Bath, Oxford, Ghent, Bergen, Basel, Graz, Split, Lille, Nantes"""
)
COUNTRIES = listed(
    """France, Germany, Italy, Spain, Portugal, Norway, Sweden, Finland, Denmark, Poland, Austria, Greece, Turkey, Egypt,
    Kenya, Ghana, Nigeria, Morocco, Japan, China, India, Nepal, Vietnam, Thailand, Indonesia, Australia, Canada, Mexico,
    Cuba, Brazil, Peru, Chile, Argentina, Colombia, Iceland, Ireland, Belgium, Croatia, Hungary, Romania, Israel, Jordan"""
)
FIRST_NAMES = listed(
    """Anna, Ben, Carla, David, Emma, Felix, Grace, Henry, Iris, Jack, Karen, Leo, Maria, Noah, Olivia, Paul, Rosa, Sam,
    Tina, Victor, Wendy, Yara, Zoe, Adam, Bella, Chris, Diana, Eric, Fiona, George, Hannah, Ivan, Julia, Kevin, Laura,
    Martin, Nina, Oscar, Peter, Rachel, Simon, Tom, Ursula, Vera, Will, Alice, Bob, Clara, Daniel, Elena, Frank, Gina,
    Hugo, Ingrid, James, Kate, Lucas, Mia, Nick, Omar, Priya, Quentin, Robert, Sofia, Theo, Lena, Ravi, Mei, Yuki, Ali,
    Fatima, Chen, Lars, Sven, José, Zoë, René, Mateo, Lucía, Amir, Layla, Pedro, Igor, Olga, Nadia, Jan, Eva, Max, Ruth"""
)
LAST_NAMES = listed(
    """Smith, Brown, Miller, Davis, Wilson, Moore, Clark, Lewis, Walker, Young, King, Scott, Green, Baker, Adams, Nelson,
    Carter, Turner, Parker, Evans, Cook, Morgan, Bell, Cooper, Reed, Ward, Gray, Hughes, Price, Long, Foster, Garcia,
    Lopez, Silva, Rossi, Weber, Fischer, Novak, Kim, Tanaka, Patel, Singh, Larsen, Dubois, Moreau, Costa, Popov, Khan"""
)
RELATIONS = listed(
    """mom, dad, the office, my boss, my sister, my brother, grandma, grandpa, my wife, my husband, the doctor, the dentist,
    the bank, my landlord, the school, my neighbour, aunt Rose, uncle Jim, the plumber, the hotel, my manager, the garage"""
)
ROOMS = listed(
    """kitchen, bedroom, bathroom, living room, hall, office, garage, basement, attic, dining room, nursery, guest room,
    study, hallway, balcony, garden, porch, terrace, laundry room, library, workshop, playroom, cellar, pantry, studio,
    den, lobby, corridor, patio, sunroom, gym, closet, entrance, loft, shed, main bedroom, kids room, game room"""
)
DEVICES = listed(
    """lamp, heater, fan, television, radio, coffee maker, kettle, oven, dishwasher, washing machine, dryer, printer,
    speaker, humidifier, air conditioner, toaster, projector, sprinkler, fountain, doorbell, router, alarm system, boiler,
    desk lamp, floor lamp, ceiling light, porch light, hall light, night light, air purifier, freezer, microwave, monitor,
    stereo, tv, lights, pump, electric blanket, bedroom fan, kitchen light, garden lights, water heater, game console"""
)
ITEMS = listed(
    """milk, bread, eggs, butter, cheese, apples, bananas, oranges, rice, pasta, flour, sugar, salt, pepper, coffee, tea,
    honey, jam, yogurt, tomatoes, onions, garlic, potatoes, carrots, lettuce, spinach, chicken, beef, fish, tofu, beans,
    lentils, olive oil, vinegar, mustard, ketchup, soap, shampoo, toothpaste, paper towels, toilet paper, batteries,
    light bulbs, candles, dog food, cat food, stamps, napkins, sponges, matches, oats, cereal, cookies, chocolate, chips,
    almonds, walnuts, lemons, limes, grapes, berries, cream, orange juice, cucumbers, mushrooms, basil, ginger, pencils,
    tape, glue, envelopes, trash bags, dish soap, baking powder, peanut butter, ice cream, frozen peas, corn, celery"""
)
FOODS = listed(
    """pizza, sushi, pancakes, lasagna, curry, tacos, soup, salad, risotto, ramen, burgers, paella, omelette, stew, chili,
    falafel, dumplings, noodles, pad thai, apple pie, cheesecake, brownies, meatballs, ratatouille, quiche, waffles, toast,
    banana bread, fried rice, tomato soup, chicken soup, roast beef, fish and chips, goulash, hummus, burrito, croissant,
    muffins, lentil soup, potato salad, kebab, gnocchi, pierogi, tiramisu, crème brûlée, cornbread, gazpacho, porridge"""
)
DRINKS = listed(
    """coffee, tea, lemonade, orange juice, hot chocolate, espresso, latte, water, cola, iced tea, smoothie, green tea,
    cappuccino, apple juice, mint tea, milkshake, cider, ginger ale, mocha, tomato juice, black tea, sparkling water"""
)
ARTISTS = listed(
    """Mozart, Beethoven, Bach, Chopin, Vivaldi, Debussy, Miles Davis, Nina Simone, Bob Marley, Elvis, Madonna, Prince,
    Queen, Abba, The Beatles, Pink Floyd, Radiohead, Coldplay, Daft Punk, Adele, Rihanna, Shakira, Björk, Sade, Enya,
    Johnny Cash, Ella Fitzgerald, Louis Armstrong, David Bowie, Dolly Parton, Blur, Oasis, Toto, Genesis, Santana"""
)
TOPICS = listed(
    """football, space, climate, history, music, art, chess, gardening, robots, physics, travel, cooking, health, birds,
    whales, volcanoes, the moon, black holes, solar power, electric cars, elections, the economy, tennis, painting, poetry,
    dinosaurs, bees, tea, jazz, sailing, castles, bridges, trains, rivers, vitamins, sleep, yoga, running, hiking, opera,
    photography, medicine, energy, farming, fashion, movies, science, business, the ocean, glaciers, penguins, tigers,
    roman law, old maps, quantum computers, batteries, vaccines, coral reefs, comets, pyramids, vikings, samurai"""
)
WORDS = listed(
    """garden, window, river, mountain, silver, shadow, bridge, candle, forest, winter, summer, autumn, spring, morning,
    evening, island, ocean, desert, valley, meadow, thunder, breeze, ember, crystal, marble, copper, velvet, cotton, paper,
    pencil, notebook, library, museum, theater, station, harbor, market, village, castle, tower, garage, engine, wheel,
    rocket, planet, signal, mirror, blanket, pillow, basket, bottle, ladder, hammer, needle, button, pocket, jacket, ticket,
    letter, parcel, budget, invoice, report, summary, meeting, project, contract, schedule, lesson, exam, essay, thesis,
    draft, plan, recipe, menu, guide, manual, journal, diary, photo, video, album, poster, flyer, survey, form, chart,
    table, list, index, archive, backup, sample, sketch, design, logo, banner, sprint, release, launch, training, holiday,
    birthday, wedding, party, dinner, lunch, breakfast, concert, festival, game, match, race, trip, flight, hotel, beach,
    camp, tent, boat, bike, car, bus, tunnel, road, corner, square, park, fountain, statue, temple, school, office, doctor,
    dentist, lawyer, teacher, pilot, sailor, farmer, baker, painter, singer, dancer, writer, poet, brave, calm, gentle,
    quiet, bright, golden, hidden, ancient, modern, frozen, broken, lucky, happy, lonely, secret, distant, serene, clever,
    eager, humble, vivid, curious, sincere, patience, courage, wisdom, freedom, justice, harmony, balance, memory, dream,
    hope, promise, wonder, mystery, riddle, puzzle, whisper, echo, melody, rhythm, sonnet, novel, chapter, garlic, lantern,
    compass, anchor, feather, pebble, acorn, clover, willow, maple, cedar, falcon, sparrow, otter, badger, dolphin, rabbit,
    turtle, panther, salmon, lizard, beetle, cricket, orchid, tulip, violet, jasmine, saffron, cinnamon, vanilla, pepper,
    keys, wallet, passport, umbrella, charger, laptop, password, account, payment, rent, taxes, salary, insurance, gift"""
)
MESSAGES = listed(
    """I will be late, see you soon, I am on my way, call me back, happy birthday, thank you so much, I miss you,
    dinner is ready, the meeting is moved, where are you, good luck today, have a nice trip, I am at home, be there in ten,
    please bring the keys, I forgot my wallet, the train is late, we won the game, can we talk later, I love you,
    the report is done, lunch at noon, do not wait for me, I am running late, get well soon, good night, sounds good to me,
    let us meet tomorrow, the car is fixed, congratulations on the job, I will call you tonight, no problem at all"""
)
COLORS = listed(
    """red, blue, green, yellow, orange, purple, pink, white, warm white, turquoise, violet, gold, cyan, magenta, amber,
    teal, lime, indigo, lavender, cool white, crimson, beige, coral, peach, mint, ivory, navy, scarlet, olive, maroon"""
)
LANGUAGES = listed(
    """French, German, Italian, Spanish, Portuguese, Dutch, Swedish, Norwegian, Danish, Finnish, Polish, Czech, Greek,
    Turkish, Arabic, Hebrew, Hindi, Japanese, Korean, Chinese, Thai, Vietnamese, Latin, Russian, Ukrainian, Hungarian"""
)
TEAMS = listed(
    """Lakers, Bulls, Celtics, Yankees, Red Sox, Giants, Dodgers, Arsenal, Chelsea, Liverpool, Barcelona, Real Madrid, Juventus,
    Bayern, Ajax, Benfica, Celtic, Rangers, Everton, Packers, Cowboys, Eagles, Bears, Sharks, Penguins, Raptors, Hawks,
    Falcons, Tigers, Pirates, Mariners, Rockets, Spurs, Warriors, Flyers, Kings, Jets, Saints, Sevilla, Napoli"""
)
APPS = listed(
    """Spotify, Calendar, Camera, Maps, Photos, Gmail, Chrome, Firefox, Slack, Zoom, Notes, Clock, Calculator, Settings,
    Netflix, YouTube, Signal, Telegram, Music, Podcasts, Weather, Files, Contacts, Wallet, Terminal, Skype, Kindle, Duolingo"""
)
TICKERS = listed(
    """AAPL, MSFT, GOOG, AMZN, TSLA, NVDA, META, NFLX, IBM, INTC, AMD, ORCL, SAP, KO, PEP, MCD, NKE, DIS, BA, GE, F, GM, T,
    VZ, JPM, BAC, WMT, COST, UPS, FDX, SHEL, BP, SONY, TM, UBER, ABNB, SHOP, SPOT, PYPL, ADBE"""
)
COMPANIES = listed(
    """Apple, Microsoft, Google, Amazon, Tesla, Nvidia, Netflix, Intel, Oracle, Siemens, Nestlé, Nike, Disney, Boeing, Ford,
    Toyota, Sony, Samsung, Nokia, Adobe, Bosch, Renault, Fiat, Visa, Pepsi, Ikea, Lego, Philips, Airbus, Honda"""
)
ZONES = listed("""UTC, GMT, CET, EST, PST, Europe/Paris, Europe/Rome, Asia/Tokyo, Asia/Kolkata, America/New_York, Africa/Cairo,
    Asia/Dubai, America/Lima, Europe/Oslo, Australia/Sydney, Pacific/Auckland, America/Chicago, Asia/Seoul""")
PLANTS = listed("""roses, tomatoes, ferns, orchids, basil, cactus, tulips, lawn, herbs, palm, bonsai, strawberries, lilies,
    ivy, hedge, violets, mint, lavender, sunflowers, peppers, daisies, begonias""")
DOORS = listed("""front door, back door, garage door, garden gate, side door, cellar door, main gate, patio door, office door,
    kitchen door, balcony door, attic door, shed door, porch door, barn door, studio door""")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
CURRENCIES: Mapping[str, str] = {
    "USD": "dollars", "EUR": "euros", "GBP": "pounds", "JPY": "yen", "CHF": "francs", "SEK": "", "NOK": "", "CAD": "",
    "AUD": "", "INR": "rupees", "CNY": "yuan", "BRL": "reais", "PLN": "zloty", "MXN": "pesos", "KRW": "won", "TRY": "lira",
}  # fmt: skip
UNITS: tuple[Mapping[str, float], ...] = (  # unit -> size in the group's base unit
    {"km": 1000, "kilometers": 1000, "miles": 1609.344, "meters": 1, "m": 1, "feet": 0.3048, "ft": 0.3048,
     "inches": 0.0254, "cm": 0.01, "centimeters": 0.01, "mm": 0.001, "yards": 0.9144},
    {"kg": 1, "kilograms": 1, "g": 0.001, "grams": 0.001, "pounds": 0.45359237, "lb": 0.45359237,
     "ounces": 0.028349523125, "oz": 0.028349523125, "tons": 1000},
    {"liters": 1, "ml": 0.001, "milliliters": 0.001, "gallons": 3.785411784, "cups": 0.2365882365, "pints": 0.473176473},
    {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800},
    {"celsius": 1, "fahrenheit": 1, "kelvin": 1},
)  # fmt: skip


def convert(value: float, from_unit: str, to_unit: str) -> float | None:
    """`value` in another unit, or None where the two units do not belong together."""
    group = next((g for g in UNITS if from_unit in g and to_unit in g), None)
    if group is None:
        return None
    if "celsius" not in group:
        return value * group[from_unit] / group[to_unit]
    kelvin = {"celsius": value + 273.15, "fahrenheit": (value - 32) * 5 / 9 + 273.15, "kelvin": value}[from_unit]
    return {"celsius": kelvin - 273.15, "fahrenheit": (kelvin - 273.15) * 9 / 5 + 32, "kelvin": kelvin}[to_unit]


ONSETS = tuple("b c d f g h j k l m n p r s t v w z br ch cl dr fl gr kl pl pr qu sh sk sl st th tr".split())
VOWELS = tuple("a e i o u a e i o ai ea oo ou".split())
CODAS = ("", "", "", "", "n", "r", "l", "s", "m", "t", "x", "nd", "rk", "ck")


def pseudo_word(rng: random.Random, split: str) -> str:
    """A pronounceable lower-case word of 2-4 syllables that belongs to `split`."""
    while True:
        count = rng.choice((2, 2, 2, 3, 3, 4))
        word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(count)) + rng.choice(CODAS)
        if len(word) <= 12 and split_of(word) == split:
            return word


def made_up(rng: random.Random, split: str, title: bool) -> str:
    """One made-up word, sometimes two."""
    words = [pseudo_word(rng, split) for _ in range(2 if rng.random() < 0.2 else 1)]
    if rng.random() < 0.15:
        title = not title
    return " ".join(word.capitalize() if title else word for word in words)


def _pool(entries: tuple[str, ...], split: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry for entry in entries if split_of(entry) == split))


def _words(entries: tuple[str, ...], more: tuple[str, ...] = (), *, title: bool = False, made: float = 1.0) -> Draw:
    """Draws from one list, with made-up words among them; capitalised entries sometimes come in lower case.

    `more` is what training draws from, too.
    """
    pools = {"train": _pool((*entries, *more), "train"), "heldout": _pool(entries, "heldout")}

    def draw(rng: random.Random, split: str) -> str:
        if rng.random() < MADE_UP[split] * made:
            return made_up(rng, split, title)
        word = rng.choice(pools[split])
        return word.lower() if title and rng.random() < 0.1 else word

    return draw


_word = _words(WORDS, common.WORDS)
_first = _words(FIRST_NAMES, common.FIRST_NAMES, title=True)
_last = _words(LAST_NAMES, common.LAST_NAMES, title=True)
_relation = _words(RELATIONS, made=0)
_item = _words(ITEMS, common.ITEMS)
_city = _words(CITIES, title=True)
_topic = _words(TOPICS)
_message = _words(MESSAGES, common.MESSAGES, made=0)
_zone = _words(ZONES, made=0)
_ticker_word = _words(TICKERS, made=0)
_known_title = _words(common.TITLES, title=True, made=0)
_named = _words(common.NAMED, title=True, made=0)
_known_note = _words(common.NOTES, made=0)


def _single(rng: random.Random, split: str) -> str:
    """One real or made-up word without spaces, lower case: for paths and addresses."""
    return str(_word(rng, split)).lower().split()[0]


def _person(rng: random.Random, split: str) -> str:
    return f"{_first(rng, split)} {_last(rng, split)}" if rng.random() < 0.3 else str(_first(rng, split))


def _contact(rng: random.Random, split: str) -> str:
    return str(_relation(rng, split)) if rng.random() < 0.25 else _person(rng, split)


def _phrase(rng: random.Random, split: str, low: int, high: int) -> str:
    return " ".join(_single(rng, split) for _ in range(rng.randint(low, high)))


def _title(rng: random.Random, split: str) -> str:
    if split == "train" and rng.random() < 0.5:
        return str((_known_title if rng.random() < 0.75 else _named)(rng, split))
    words = [_single(rng, split) for _ in range(rng.choice((2, 2, 3)))]
    if rng.random() < 0.3:
        words = [words[0], rng.choice(("of", "and", "in", "for", "without")), words[1]]
    if rng.random() < 0.15:
        return " ".join(words)
    return " ".join(word if word in ("of", "and", "in", "for", "without") else word.capitalize() for word in words)


NOTES = ("buy {item}", "buy {item} and {item}", "call {contact}", "ask {person} about the {word}", "pay the {word}",
         "{item} for {person}", "meet {person} at {time}", "bring the {word}", "fix the {word}", "{word} on {weekday}",
         "send the {word} to {person}", "clean the {word}", "{person} likes {item}", "book the {word}", "read about {topic}",
         "pick up {person}", "the {word} is in the {word}", "return the {word}", "water the {word}", "{word} {word}",
         "my {word} is {word}", "check the {word}", "visit {city}", "trip to {city}", "order more {item}")  # fmt: skip
TEXTS = ("bring the {word}", "I am in {city}", "the {word} is ready", "please buy {item}", "do you have the {word}",
         "meet {person} at {time}", "{person} says hello", "I found the {word}", "we need {item}", "the {word} is late",
         "thanks for the {word}", "let us talk about {topic}", "meet me in {city}", "call {contact} please")  # fmt: skip


def _composed(templates: tuple[str, ...], loose: float) -> Draw:
    """Fills a template with values of other kinds; `loose` of the draws are loose words instead."""

    def draw(rng: random.Random, split: str) -> str:
        if rng.random() < loose:
            return _phrase(rng, split, 2, 4)
        while True:
            words = [_fill(word, rng, split) for word in rng.choice(templates).split()]
            text = " ".join(words)
            if len(text) <= 44:
                return text

    return draw


def _fill(word: str, rng: random.Random, split: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: str(sample(match[1], rng, split)), word)


SENTENCES = (
    "I'm running late for the {word}",
    "can you bring {item}?",
    "we're out of {item}",
    "the {word} doesn't work",
    "the {word} is broken again",
    "{person} can't come on {weekday}",
    "see you at {time}, {person}",
    "don't forget the {word}",
    "happy {word}, {person}!",
    "it's about the {word}",
    "lunch with {person} at {time}?",
    "running {small_int} minutes late for {word}",
    "the {word} of {person} crashes on start",
    "fix typo in the {word}",
    "add {word} to the {word} page",
    "remove unused {word}",
    "update {word} to {version}",
    "{word} is slow since {weekday}",
    "can't log in to the {word}",
    "{word} missing on the {word}",
    "pick {person} up at {time}",
    "where did you put the {word}?",
    "thanks for {item}!",
    "the {word} costs {small_int} now",
    "I'll be in {city} until {weekday}",
    "call me about the {word}",
    "all good with the {word}",
    "{word} not found",
    "great {word}, but too loud",
    "please check the {word}, {person}",
    "meeting moved to {time}, bring the {word}",
    "{person} wants the {word} back",
    "ask {person} for the {word}",
    "Quarterly {word} review",
    "{word} and {word}",
    "Broken {word} in {city}",
    "New {word} for {person}",
    "our trip to {city}",
    "{topic} for beginners",
    "notes on {topic}",
)
"""What people write by themselves: messages, titles, comments, commits."""

_composed_note = _composed(NOTES, 0.25)
_sentence = _composed(SENTENCES, 0.1)
_text = _composed(TEXTS, 0.25)


def _note(rng: random.Random, split: str) -> Value:
    known = split == "train" and rng.random() < 0.3
    return _known_note(rng, split) if known else _composed_note(rng, split)


def _message_text(rng: random.Random, split: str) -> str:
    return str(_message(rng, split)) if rng.random() < 0.35 else str(_text(rng, split))


def _query(rng: random.Random, split: str) -> str:
    return str(_topic(rng, split)) if rng.random() < 0.5 else _phrase(rng, split, 1, 2)


EXTENSIONS = ("txt", "txt", "txt", "md", "csv", "py", "json", "log", "pdf", "html")
DOMAINS = ("com", "com", "org", "net", "io", "de", "fr", "edu")


def _path(rng: random.Random, split: str) -> str:
    stem = _single(rng, split)
    if rng.random() < 0.2:
        stem += rng.choice("-_") + (_single(rng, split) if rng.random() < 0.6 else str(rng.randint(1, 30)))
    folder = f"{_single(rng, split)}/" if rng.random() < 0.3 else rng.choice(("", "", "", "docs/", "src/", "data/"))
    return f"{folder}{stem}.{rng.choice(EXTENSIONS)}"


def _image(rng: random.Random, split: str) -> str:
    return f"{_single(rng, split)}.{rng.choice(('png', 'jpg'))}"


def _folder(rng: random.Random, split: str) -> str:
    name = _single(rng, split)
    return f"{name}/{_single(rng, split)}" if rng.random() < 0.25 else name


def _url(rng: random.Random, split: str) -> str:
    scheme = "https" if rng.random() < 0.8 else "http"
    host = f"{rng.choice(('', '', '', 'www.'))}{_single(rng, split)}.{rng.choice(DOMAINS)}"
    return f"{scheme}://{host}" + (f"/{_single(rng, split)}" if rng.random() < 0.6 else "")


def _email(rng: random.Random, split: str) -> str:
    name = str(_first(rng, split)).lower().split()[0]
    if not name.isascii():
        name = pseudo_word(rng, split)
    return f"{name}@{_single(rng, split)}.{rng.choice(DOMAINS)}"


def _pattern(letters: int, digits: int, joint: str = "") -> Draw:
    """Codes such as A4821 or BA249: capital letters, then digits."""

    def draw(rng: random.Random, split: str) -> str:
        while True:
            head = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(letters))
            code = head + joint + "".join(rng.choice("0123456789") for _ in range(digits))
            if split_of(code) == split:
                return code

    return draw


def _mixed_code(rng: random.Random, split: str) -> str:
    while True:
        code = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(rng.randint(4, 7)))
        if split_of(code) == split:
            return code


def _phone(rng: random.Random, split: str) -> str:
    while True:
        parts = [str(rng.randint(100, 999)), str(rng.randint(100, 999)), str(rng.randint(1000, 9999))]
        number = " ".join(parts) if rng.random() < 0.3 else "-".join(parts)
        if split_of(number) == split:
            return number


def _ticker(rng: random.Random, split: str) -> str:
    return str(_pattern(rng.choice((3, 4)), 0)(rng, split) if rng.random() < 0.3 else _ticker_word(rng, split))


SPOKEN = {"*": ("times", "times", "multiplied by", "x"), "+": ("plus",), "-": ("minus", "minus"),
          "/": ("divided by", "over")}  # fmt: skip


def _expression(rng: random.Random, split: str) -> Value:
    """Arithmetic as typed ("3 + 45 / 9"), or said in words ("12 times 7" for "12 * 7")."""
    high = rng.choice((12, 30, 100, 100, 1000))
    numbers = [str(rng.randint(2, high)) for _ in range(3)]
    if rng.random() < 0.1:
        numbers[0] = str(rng.randint(11, 199) / 10)
    first, second = rng.choice("*+-/*"), rng.choice("*+-/")
    shape = rng.random()
    if shape < 0.6:  # two numbers
        typed = f"{numbers[0]} {first} {numbers[1]}"
    elif shape < 0.85:
        typed = f"{numbers[0]} {first} {numbers[1]} {second} {numbers[2]}"
    else:
        left = rng.random() < 0.5
        typed = f"({numbers[0]} {first} {numbers[1]}) {second} {numbers[2]}"
        typed = typed if left else f"{numbers[0]} {second} ({numbers[1]} {first} {numbers[2]})"
        return typed
    if rng.random() < 0.5:
        return typed
    said = " ".join(rng.choice(SPOKEN[w]) if w in SPOKEN else w for w in typed.split())
    return Said(said, typed)


def _time(rng: random.Random, split: str) -> str:
    minute = rng.choice((0, 15, 30, 45, rng.randrange(60), rng.randrange(60)))
    if rng.random() < 0.7:
        hour = rng.randrange(24)
        return f"{hour:02}:{minute:02}" if rng.random() < 0.3 else f"{hour}:{minute:02}"
    hour, half = rng.randint(1, 12), rng.choice(("am", "pm"))
    return f"{hour} {half}" if rng.random() < 0.5 else f"{hour}:{minute:02} {half}"


def _date(rng: random.Random, split: str) -> str:
    day, month, weekday = rng.randint(1, 28), rng.choice(MONTHS), rng.choice(WEEKDAYS)
    forms = (f"{day} {month}", f"{month} {day}", weekday, f"next {weekday}", "tomorrow", "today",
             f"{rng.randint(2024, 2029)}-{rng.randint(1, 12):02}-{day:02}")  # fmt: skip
    return rng.choice(forms)


def _money(rng: random.Random, split: str) -> int | float:
    high = rng.choice((20, 100, 1000))
    return rng.randint(1, high) if rng.random() < 0.6 else round(rng.uniform(1, high), 2)


def _quantity(rng: random.Random, split: str) -> int | float:
    return rng.randint(1, rng.choice((10, 100, 1000))) if rng.random() < 0.75 else rng.randint(5, 999) / 10


def _degrees(rng: random.Random, split: str) -> int | float:
    return rng.randint(14, 28) if rng.random() < 0.8 else rng.randint(14, 27) + 0.5


def _currency(rng: random.Random, split: str) -> Value:
    code = rng.choice(tuple(CURRENCIES))
    return Said(CURRENCIES[code], code) if CURRENCIES[code] and rng.random() < 0.25 else code


def _unit(rng: random.Random, split: str) -> str:
    return rng.choice(tuple(rng.choice(UNITS)))


def _several(one: Draw) -> Draw:
    """Two or three distinct values, said as "a, b and c"."""

    def draw(rng: random.Random, split: str) -> Said:
        items: list[str] = []
        while len(items) < 2 or (len(items) < 3 and rng.random() < 0.5):
            item = str(one(rng, split))
            if item not in items:
                items.append(item)
        return Said(" and ".join((", ".join(items[:-1]), items[-1])), items)

    return draw


def _street(rng: random.Random, split: str) -> str:
    name = _single(rng, split).capitalize()
    return f"{rng.randint(1, 99)} {name} {rng.choice(('Street', 'Road', 'Lane', 'Avenue'))}"


def _institution(rng: random.Random, split: str) -> str:
    """What houses are called: "Maple Museum", "Museum of Glass"."""
    name = _single(rng, split).capitalize()
    return rng.choice((f"{name} Museum", f"Museum of {name}", f"{name} Gallery", f"{name} House"))


def _branch(rng: random.Random, split: str) -> str:
    return f"{rng.choice(('fix', 'feature', 'add', 'drop'))}{rng.choice('-/')}{_single(rng, split)}"


def _server(rng: random.Random, split: str) -> str:
    return f"{_single(rng, split)}-{rng.randint(1, 20)}"


def _domain(rng: random.Random, split: str) -> str:
    return f"{_single(rng, split)}.{rng.choice(DOMAINS)}"


def _version(rng: random.Random, split: str) -> str:
    return ".".join(str(rng.randint(0, high)) for high in (9, 20, 12)[: rng.choice((2, 3, 3))])


def _username(rng: random.Random, split: str) -> str:
    name = _single(rng, split)
    ends = ("", str(rng.randint(1, 99)), f"_{_single(rng, split)}", f".{rng.choice('abcdefgh')}")
    return name + rng.choice(ends)


def _service_name(rng: random.Random, split: str) -> str:
    ends = ("", f"-{rng.choice(('api', 'service', 'worker', 'db', 'web'))}", f"-{_single(rng, split)}")
    return _single(rng, split) + rng.choice(ends)


def _sql(rng: random.Random, split: str) -> str:
    """A short query, as it is typed."""
    table, column = (_single(rng, split) for _ in range(2))
    forms = (f"select * from {table}", f"select {column} from {table}", f"select count(*) from {table}",
             f"select {column} from {table} limit {rng.randint(1, 50)}", f"delete from {table} where id = {rng.randint(1, 999)}",
             f"select max({column}) from {table}", f"show tables like '{table}'", f"drop table {table}")  # fmt: skip
    query = rng.choice(forms)
    loud = rng.random() < 0.4
    return re.sub("select|count|from|limit|delete|where|max", lambda match: match[0].upper(), query) if loud else query


def _spot(rng: random.Random, split: str) -> str:
    """A place that one goes to within a town."""
    name = _single(rng, split).capitalize()
    forms = (_street(rng, split), _institution(rng, split), f"{name} Station", f"{name} Street {rng.randint(1, 99)}", f"the {name} Bar",
             f"the {name.lower()} market", f"{name} Park", f"{name} Hospital", f"the {name.lower()} school")  # fmt: skip
    return rng.choice(forms)


def _when(rng: random.Random, split: str) -> str:
    """A point in time as people say it."""
    time, weekday = _time(rng, split), rng.choice(WEEKDAYS)
    forms = (time, time, f"tomorrow at {time}", f"{weekday} at {time}", f"next {weekday}", "tomorrow", "tonight", "noon",
             f"in {rng.randint(2, 12)} hours", f"in {rng.randrange(5, 60, 5)} minutes", "tomorrow morning", f"{weekday} evening",
             f"tomorrow {time}", f"{weekday} {time}")  # fmt: skip
    return rng.choice(forms)


def _pixels(rng: random.Random, split: str) -> int:
    return rng.choice((16, 32, 64, 128, 256, 300, 400, 512, 640, 720, 800, 1024, 1080, 1920, rng.randint(10, 4000)))


def _address(rng: random.Random, split: str) -> str:
    return ".".join(str(rng.randint(1, 254)) for _ in range(4))


def _cell(rng: random.Random, split: str) -> str:
    return f"{rng.choice('ABCDEFGHKMTX')}{rng.randint(1, 60)}"


def _seat(rng: random.Random, split: str) -> str:
    return f"{rng.randint(1, 42)}{rng.choice('ABCDEF')}"


def _tenths(low: int, high: int) -> Draw:
    """Numbers with at most one digit after the point."""

    def draw(rng: random.Random, split: str) -> int | float:
        value = rng.randint(low * 10, high * 10) / 10
        return int(value) if value == int(value) else value

    return draw


def _either(first: Draw, second: Draw, share: float) -> Draw:
    return lambda rng, split: first(rng, split) if rng.random() < share else second(rng, split)


def _range(low: int, high: int, step: int = 1) -> Draw:
    return lambda rng, split: rng.randrange(low, high + 1, step)


def _of(entries: tuple[str, ...]) -> Draw:
    return lambda rng, split: rng.choice(entries)


_OPEN: dict[str, Draw] = {
    "city": _city, "city_from": _city, "city_to": _city, "country": _words(COUNTRIES, title=True), "person": _person,
    "contact": _contact, "room": _words(ROOMS, common.ROOMS), "device": _words(DEVICES, common.DEVICES), "item": _item, "items": _several(_item),
    "food": _words(FOODS), "drink": _words(DRINKS), "title": _title, "song": _title, "topic": _topic, "note": _note,
    "artist": _words(ARTISTS, common.ARTISTS, title=True), "message": _message_text, "word": _word, "query": _query, "path": _path,
    "path_to": _path, "folder": _folder, "url": _url, "email": _email, "phone": _phone, "ticker": _ticker,
    "place": _either(_zone, _city, 0.2), "language": _words(LANGUAGES, title=True, made=0.6), "team": _words(TEAMS, title=True),
    "color": _words(COLORS, made=0.6), "app": _words(APPS, title=True), "company": _words(COMPANIES, common.COMPANIES, title=True),
    "plant": _words(PLANTS), "door": _words(DOORS), "airport": _pattern(3, 0), "flight": _pattern(2, 3),
    "order": _pattern(1, 4), "parcel": _pattern(2, 6), "code": _mixed_code, "image": _image,
    "medicine": _words(vocabulary.MEDICINES), "symptom": _words(vocabulary.SYMPTOMS), "exercise": _words(vocabulary.EXERCISES),
    "sport": _words(vocabulary.SPORTS), "pet": _words(vocabulary.PETS, title=True), "animal": _words(vocabulary.ANIMALS),
    "crop": _words(vocabulary.CROPS), "clothing": _words(vocabulary.CLOTHES), "instrument": _words(vocabulary.INSTRUMENTS),
    "game": _words(vocabulary.GAMES), "subject": _words(vocabulary.SUBJECTS), "job": _words(vocabulary.JOBS),
    "machine": _words(vocabulary.MACHINES), "goods": _words(vocabulary.GOODS), "ship": _words(vocabulary.SHIPS, title=True),
    "star": _words(vocabulary.STARS, title=True), "bird": _words(vocabulary.BIRDS), "service": _words(vocabulary.SERVICES),
    "table": _words(vocabulary.TABLES), "office_thing": _words(vocabulary.OFFICE_THINGS), "symptoms": _several(_words(vocabulary.SYMPTOMS)),
    "names": _several(_first), "words": _several(_word), "cities": _several(_city), "street": _street, "museum": _institution,
    "branch": _branch, "server": _server, "domain": _domain, "ticket": _pattern(2, 4, "-"), "plate": _pattern(3, 3, "-"),
    "gate": _pattern(1, 2), "policy": _pattern(3, 5), "letters": _pattern(6, 0), "text": _sentence, "username": _username,
    "service_name": _service_name, "sql": _sql, "spot": _spot,
}  # fmt: skip
_SHARED: dict[str, Draw] = {
    "expression": _expression, "time": _time, "date": _date, "weekday": _of(WEEKDAYS), "month": _of(MONTHS),
    "minutes": _either(_range(5, 120, 5), _range(1, 90), 0.5), "seconds": _range(5, 90, 5), "small_int": _range(1, 20),
    "duration_minutes": _either(_range(5, 120, 5), _range(1, 90), 0.5), "count": _range(2, 99), "people": _range(2, 12),
    "percent": _either(_range(0, 100, 5), _range(0, 100), 0.5), "tip": _range(5, 30), "money": _money, "number": _quantity,
    "temperature": _range(-10, 38), "degrees": _degrees, "year": _range(1900, 2030), "sides": _range(4, 100),
    "length": _range(6, 16), "low": _range(1, 20), "high": _range(30, 999), "height": _range(140, 205),
    "weight": _range(40, 130), "currency": _currency, "currency_from": _currency, "currency_to": _currency,
    "unit": _unit, "unit_from": _unit, "unit_to": _unit, "grams": _range(10, 500, 10), "big_int": _range(100, 99999),
    "age": _range(1, 95), "birth_year": _range(1920, 2015), "coming_year": _range(2026, 2075), "adult_age": _range(18, 80), "child_height": _range(60, 170), "systolic": _range(95, 185),
    "diastolic": _range(50, 110), "pulse": _range(40, 180), "hours": _tenths(1, 12), "rating": _range(1, 5), "weeks": _range(1, 8),
    "guests": _range(13, 60), "oven": _range(100, 280, 10), "wash": _range(30, 90, 10), "clothes_size": _range(34, 52),
    "pages": _range(2, 400), "floor": _range(1, 40), "distance": _range(3, 900), "speed": _range(20, 200, 5),
    "price": _range(1000, 900000, 500), "rate": _tenths(1, 9), "salary": _range(1200, 9900, 100), "length_cm": _range(2, 90),
    "version": _version, "ip": _address, "cell": _cell, "seat": _seat, "element": _of(vocabulary.ELEMENTS),
    "letter": _of(tuple("abcdefghijklmnopqrstuvwxyz")), "port": _range(1024, 9999), "bus_line": _range(1, 299), "kilos": _tenths(1, 60),
    "when": _when, "pixels": _pixels,
}  # fmt: skip
KINDS: dict[str, Kind] = {
    **{name: Kind(name, draw, disjoint=True) for name, draw in _OPEN.items()},
    **{name: Kind(name, draw) for name, draw in _SHARED.items()},
}


def sample(kind: str, rng: random.Random, split: str) -> Value:
    """A value of one kind (or a `Said`), from the "train" or the "heldout" split.

    Raises KeyError for an unknown kind and ValueError for an unknown split.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, not {split!r}")
    if kind not in KINDS:
        raise KeyError(f"no kind {kind!r}; the kinds are {', '.join(sorted(KINDS))}")
    return KINDS[kind].draw(rng, split)


def partner(kind: str, first: Value, rng: random.Random, split: str) -> Value:
    """A value of a `..._to` kind that goes with `first`: differs from it and, for units, measures the same."""
    if kind == "unit_to":
        group = next((g for g in UNITS if first in g), UNITS[0])
        same = () if "celsius" in group else (group.get(first),)
        return rng.choice([unit for unit, size in group.items() if unit != first and size not in same])
    before = first.value if isinstance(first, Said) else first
    while True:
        value = sample(kind, rng, split)
        if (value.value if isinstance(value, Said) else value) != before:
            return value


def in_words(number: int) -> str:
    """A number from 0 to 99 in words: "forty two"."""
    if number < 20:
        return SMALL[number]
    tens, ones = divmod(number, 10)
    return TENS[tens - 2] + (f" {SMALL[ones]}" if ones else "")
