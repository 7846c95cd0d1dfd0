# ruff: noqa: E501 (tables of phrasings)
"""Drills in telling by the words beside a value what it is.

"30 percent of 80", "80 kg, 180 cm", "the balcony camera": which number is the share and which the whole, and where a
name ends, is said by a word or a unit next to them, and by nothing else. So a pack of drills has one tool whose
parameters have cues of their own, and many short requests that name some or all of them in any order. What is optional
and isn't said is left out.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from agentkit.messages import ToolDefinition

from .cases import Call, Case, View, dress, invented_name
from .families import Family, arguments_of, spoken
from .tables import family, slot
from .values import sample


@dataclass(frozen=True)
class Cue:
    """A parameter: how it may be called and described, the kind of its values, and how these are said."""

    keys: tuple[str, ...]
    kind: str
    descriptions: tuple[str, ...]
    forms: tuple[str, ...]


def cues(text: str) -> tuple[Cue, ...]:
    """One a line: keys | kind | descriptions; ... | forms; ..."""
    found = []
    for line in text.strip().splitlines():
        keys, kind, descriptions, forms = (part.strip() for part in line.split("|"))
        found.append(Cue(tuple(keys.split()), kind, _listed(descriptions), _listed(forms)))
    return tuple(found)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";"))


NUMBERS = cues("""
weight weight_kg kilos mass|weight|Weight in kg.;How heavy, in kilos.|{} kg;weight {};a weight of {} kg;weighing {} kg;{} kilos;{}kg;weighs {}
height height_cm body_height|height|Height in cm.;How tall.|{} cm;height {};{} cm tall;a height of {} cm;{} centimeters tall;height of {} cm
percent percentage rate share|percent|Per cent.;The rate in percent.;How many percent.|{} percent;{}%;at {} percent;{} %;by {} percent;a rate of {} percent
minutes duration_minutes duration|minutes|Minutes.;How long, in minutes.|{} minutes;for {} minutes;{} min;{} minutes long;lasting {} minutes
hours hour_count|small_int|Hours.;How many hours.|{} hours;for {} hours;{} h;over {} hours
days day_count number_of_days|small_int|Days.;For how many days.|{} days;for {} days;over {} days;{} days long
weeks week_count|weeks|Weeks.;How many weeks.|{} weeks;for {} weeks;over {} weeks
people persons party_size heads|people|How many people.;Number of persons.|{} people;for {} people;{} of us;{} persons;a group of {};with {} people
children kids|small_int|Children.;How many kids come.|{} children;{} kids;with {} children
temperature degrees target|degrees|Temperature in degrees.;How warm.|{} degrees;at {} degrees;a temperature of {};{}°
volume loudness level|percent|The volume.;How loud.|volume {};at volume {};loudness {};with the volume at {}
pages page_count|pages|Pages.;How many pages.|{} pages;{} pages long;page count {}
copies copy_count|small_int|Copies.;How many copies.|{} copies;{} times;in {} copies
floor level_number storey|floor|Which floor.;The storey.|floor {};on floor {};level {};storey {}
age years age_years|age|Age in years.;How old.|{} years old;aged {};age {};{} years of age
distance distance_km kilometers km|distance|Distance in km.;How far.|{} km;{} kilometers;over {} km;a distance of {} km
speed speed_kmh pace|speed|Speed in km/h.;How fast.|{} km/h;at {} km/h;speed {};a speed of {}
rating stars score|rating|Stars, 1 to 5.;The rating.|{} stars;rated {};{} out of 5;a rating of {}
budget max_price limit|money|What it may cost.;The most to pay.|under {} euros;at most {} euros;up to {} euros;budget {};no more than {} dollars
grams weight_g|grams|Grams.;How much, in grams.|{} grams;{} g;{}g
size clothes_size|clothes_size|The size.;Which size.|size {};in size {};a size {}
port port_number|port|The port.;Port to listen on.|port {};on port {};:{}
year in_year|year|The year.;Of which year.|in {};year {};from the year {};of {}
seats seat_count|small_int|Seats.;How many seats.|{} seats;with {} seats;seats for {}
retries attempts tries|small_int|How often to try.;Number of attempts.|{} attempts;{} retries;try it {} times;up to {} attempts
width width_cm wide|length_cm|Width in cm.;How wide.|{} cm wide;width {};a width of {} cm
length length_cm long|length_cm|Length in cm.;How long it is.|{} cm long;length {};a length of {} cm
""")
BARE = cues("""
amount sum value number base|money|The amount.;Of how much.;The number.|{};on {};of {};for {};an amount of {}
count quantity how_many pieces|small_int|How many.;The quantity.|{};{} of them;{} pieces;{}x
""")
TEXTS = cues("""
room location where area|room|Which room.;Where it is.|the {} camera;the {} lamp;{} camera;in the {};the {} window;the {} door;the heater in the {};the {} blinds
team club side|team|Which team.;The club.|the {} team;team {};{} game;the {} match;the last {} game
project project_name|word|The project.;Name of the project.|the {} project;project {};the project {};{} project
city town place|city|Which city.;The town.|in {};near {};the {} office;the office in {};around {};the {} branch
person name contact who|person|Who.;Name of the person.|with {};for {};{}'s;together with {};on behalf of {}
title movie film|title|Title of the film.;Which movie.|the movie {};the film {};a film called {};{}, the movie
song track song_title|song|Which song.;The track.|the song {};the track {};song {};a song named {}
playlist list list_name|word|Which list.;Name of the list.|the {} playlist;the {} list;my {} list;list {};a list called {}
color paint shade|color|Which color.;The paint.|in {};the {} one;{} ones;color {};painted {}
language target_language|language|Which language.;The language.|in {};into {};the {} version;a {} translation
folder directory|folder|Which folder.;The directory.|the {} folder;folder {};the folder {};in the {} folder
company customer firm|company|Which company.;The firm.|the {} account;the company {};the {} contract;customer {};the people at {}
day weekday on_day|weekday|Which day.;The weekday.|on {};{};the {} slot;for {}
time at start_time|time|At what time.;When.|at {};starting at {};the {} slot;by {}
branch branch_name|branch|Which branch.;Name of the branch.|the {} branch;branch {};on branch {};the branch {}
server host machine|server|Which server.;The host.|the {} server;server {};the machine {};on host {}
code reference id|code|The code.;Reference number.|code {};number {};ref {};#{};the one with the code {}
item thing object|item|What.;The thing.|the {};a {};one {};my {}
drink beverage|drink|Which drink.;What to drink.|a glass of {};a cup of {};a {};some {}
dish food meal|food|Which dish.;What to eat.|a plate of {};the {} recipe;some {};a bowl of {}
topic subject about|topic|About what.;The topic.|about {};on the topic of {};the {} talk;regarding {}
""")
LEADS = (
    "do it|set it up|work it out|make it|arrange it|start it|get it going|go ahead|run it|change it|order it|plan it|add it|I need it|I want it"
    "|how much is it|what comes out|show me|find it|give me that|let's go|calculate it|put it down|prepare it|reserve it|it should be|now|it's|we have|take|with|use"
    "|try|enter|note|save|get|what about|this time|same again|today"
).split("|")
NAMES = "set_up arrange work_out make_it run_it order_it plan_it compute start_it prepare add_it reserve_it put_down change_it".split()
ABOUT = (
    "Do it.",
    "Set it up.",
    "Arrange it.",
    "Work it out from the values.",
    "Do what was asked for with these values.",
)


def drill(rng: random.Random, count: int) -> tuple[ToolDefinition, list[Case]]:
    """A tool, and so many requests for it."""
    several = rng.choice((2, 2, 2, 3, 3, 4))
    numbers = rng.choice((1, 2, 2, several))
    chosen = rng.sample(NUMBERS, numbers)
    if rng.random() < 0.5:
        chosen[0] = rng.choice(BARE)
    chosen += rng.sample(TEXTS, several - numbers)
    rng.shuffle(chosen)
    usual = rng.random() < 0.7
    told = not usual or rng.random() < 0.7
    parameters: dict[str, Cue] = {}
    properties: dict[str, Any] = {}
    for cue in chosen:
        key = rng.choice(cue.keys) if usual else invented_name(rng, "train")
        if key in parameters:
            key += "_2"
        parameters[key] = cue
        properties[key] = {"type": _type(cue)} | ({"description": rng.choice(cue.descriptions)} if told else {})
    required = [key for key in parameters if rng.random() < 0.75]
    name = rng.choice(NAMES) if rng.random() < 0.5 else invented_name(rng, "train")
    tool = ToolDefinition(name, rng.choice(ABOUT), {"type": "object", "properties": properties, "required": required})
    view = View(_ANY, tool, {})
    return tool, [_case(view, rng, parameters, required) for _ in range(count)]


def _type(cue: Cue) -> str:
    if cue in TEXTS:
        return "string"
    return "number" if cue.kind in ("money", "degrees") else "integer"


def _case(view: View, rng: random.Random, parameters: dict[str, Cue], required: list[str]) -> Case:
    said = [key for key in parameters if key in required or rng.random() < 0.5] or [rng.choice(list(parameters))]
    drawn = {key: sample(parameters[key].kind, rng, "train") for key in said}
    parts: list[str] = []
    forms: set[str] = set()
    for key in said:
        form = rng.choice([form for form in parameters[key].forms if form not in forms] or ["{}"])
        forms.add(form)
        parts.append(form.format(spoken(drawn[key])))
    rng.shuffle(parts)
    lead = rng.choice(LEADS) if rng.random() < 0.7 else ""
    joint = rng.choice((" ", ", ", ", ", " and "))
    text = joint.join(parts[:-1]) + (rng.choice((joint, " and ", ", ")) if len(parts) > 1 else "") + parts[-1]
    prompt = dress(f"{lead}{rng.choice((' ', ' ', ', ', ': '))}{text}" if lead else text, rng, openers=())
    found = arguments_of(drawn)
    ordered = {key: found[key] for key in parameters if key in found}
    return Case(prompt, ((Call(view, ordered, "ok"),),), "")


_ANY: Family = family("cued a_cued told_by_words", "Any.|Any.|Any.", (slot("one", "word", "One.|One."),), "{one}", "ok")
