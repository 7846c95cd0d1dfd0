# ruff: noqa: E501 (requests)
"""Held-out cases written by hand: tools as developers write them, and requests as people type them.

Both were written apart from the tables that training data is made of. Some of the tools do what families of
training do, too (a parcel is tracked, money is sent); their names, keys and descriptions are their own.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Literal

from agentkit.messages import ToolDefinition
from agentkit.tools import Tool

from .answers import plain_answer
from .cases import Call, Case, Mix


def track_parcel(tracking_number: str) -> str:
    """Look up where a parcel is."""
    return "in Leipzig"


def create_ticket(title: str, priority: Literal["low", "medium", "high"] = "medium") -> str:
    """Create a support ticket."""
    return "T-481"


def restart_service(service: str, environment: Literal["staging", "production"]) -> str:
    """Restart one of our services.

    Args:
        service: The name of the service.
        environment: Where it runs.
    """
    return "restarted"


def get_invoice(invoice_id: int) -> str:
    """Fetch an invoice by its number."""
    return "199.50 EUR"


def set_thermostat(temperature: float, room: str | None = None) -> str:
    """Set the target temperature of the heating, in degrees Celsius."""
    return "done"


def search_flights(origin: str, destination: str, date: str) -> str:
    """Search for flights between two cities."""
    return "3 flights"


def add_to_cart(product: str, quantity: int = 1) -> str:
    """Put a product into the shopping cart."""
    return "added"


def play_song(title: str, artist: str | None = None) -> str:
    """Play a song on the living room speaker."""
    return "playing"


def send_sms(phone_number: str, message: str) -> str:
    """Send a text message."""
    return "sent"


def get_weather(city: str) -> str:
    """Get the current weather for a city."""
    return "12 degrees, rain"


def get_forecast(city: str, days: int) -> str:
    """Get the weather forecast for the next days.

    Args:
        city: Name of the city.
        days: How many days ahead.
    """
    return "sunny"


def schedule_meeting(topic: str, attendee: str, time: str) -> str:
    """Put a meeting into the calendar."""
    return "booked"


def delete_user(username: str) -> str:
    """Delete a user account."""
    return "deleted"


def run_query(sql: str) -> str:
    """Run a SQL query against the analytics database."""
    return "42 rows"


def calculate_tip(bill: float, percent: float) -> str:
    """Calculate the tip for a restaurant bill."""
    return "8.40"


def set_alarm(time: str) -> str:
    """Set an alarm clock."""
    return "set"


def start_timer(minutes: int) -> str:
    """Start a countdown timer."""
    return "running"


def open_website(url: str) -> str:
    """Open a website in the browser."""
    return "opened"


def get_stock_price(symbol: str) -> str:
    """Get the latest price of a stock by its ticker symbol."""
    return "187.20"


def reserve_table(restaurant: str, people: int, time: str) -> str:
    """Reserve a table at a restaurant."""
    return "reserved"


def log_workout(activity: str, minutes: int) -> str:
    """Log a workout in the fitness diary."""
    return "logged"


def turn_on_light(room: str) -> str:
    """Turn on the light in a room."""
    return "on"


def turn_off_light(room: str) -> str:
    """Turn off the light in a room."""
    return "off"


def set_brightness(room: str, level: int) -> str:
    """Set how bright the light in a room is, in percent."""
    return "set"


def merge_branch(source: str, target: str) -> str:
    """Merge one git branch into another."""
    return "merged"


def create_repository(name: str, private: bool = False) -> str:
    """Create a new git repository."""
    return "created"


def assign_issue(issue: int, assignee: str) -> str:
    """Assign an issue to somebody."""
    return "assigned"


def lookup_customer(email: str) -> str:
    """Find a customer by e-mail address."""
    return "Dana Wolf"


def refund_order(order_id: str, amount: float) -> str:
    """Pay back part of an order.

    Args:
        order_id: The order.
        amount: How much to pay back, in euros.
    """
    return "refunded"


def book_taxi(pickup: str, dropoff: str) -> str:
    """Order a taxi."""
    return "in 6 minutes"


def define_word(word: str) -> str:
    """Look up the meaning of a word in the dictionary."""
    return "a small stream"


def translate_text(text: str, target_language: str) -> str:
    """Translate a text into another language."""
    return "bonjour"


def resize_image(path: str, width: int, height: int) -> str:
    """Resize an image file, in pixels."""
    return "resized"


def read_file(path: str) -> str:
    """Read a text file."""
    return "3 lines"


def list_files(folder: str) -> str:
    """List the files in a folder."""
    return "a.txt, b.txt"


def add_expense(amount: float, category: Literal["food", "travel", "rent", "other"]) -> str:
    """Record an expense."""
    return "recorded"


def invite_people(names: list[str], event: str) -> str:
    """Invite people to an event."""
    return "invited"


def add_tags(note_id: int, tags: list[str]) -> str:
    """Add tags to a note."""
    return "tagged"


def check_balance(account: Literal["checking", "savings"]) -> str:
    """Tell how much money is in an account."""
    return "1,204.10"


def transfer_money(recipient: str, amount: float) -> str:
    """Send money to somebody."""
    return "sent"


def mute_microphone() -> str:
    """Mute the microphone."""
    return "muted"


def get_battery_level() -> str:
    """Tell how full the battery is."""
    return "71%"


def charge_status(vehicle: str) -> str:
    """Tell how far a car's battery is charged."""
    return "55%"


def water_plants(zone: str, minutes: int) -> str:
    """Water the plants in a part of the garden."""
    return "watering"


def get_build_status(pipeline: str, branch: str | None = None) -> str:
    """Tell whether the latest run of a CI pipeline passed."""
    return "passed"


def scale_deployment(deployment: str, replicas: int) -> str:
    """Change the number of running pods of a deployment.

    Args:
        deployment: Name of the deployment.
        replicas: How many pods should run.
    """
    return "scaled"


def tail_logs(service: str, lines: int = 100, level: Literal["debug", "info", "warning", "error"] | None = None) -> str:
    """Show the most recent log lines of a service.

    Args:
        service: The service that writes the log.
        lines: How many lines to show.
        level: Show only lines of this level.
    """
    return "12:04:51 timeout while calling ledger"


def rollback_release(app: str, version: str) -> str:
    """Go back to an earlier release of an app."""
    return "rolled back"


def rename_file(old_name: str, new_name: str) -> str:
    """Rename a file."""
    return "renamed"


def set_feature_flag(flag: str, enabled: bool) -> dict[str, Any]:
    """Switch a feature flag on or off."""
    return {"flag": flag, "enabled": enabled}


def list_failed_jobs() -> str:
    """List the background jobs that failed today."""
    return "nightly-export, thumbnail-queue"


def diff_commits(old_commit: str, new_commit: str) -> str:
    """Summarize what changed between two commits.

    Args:
        old_commit: Hash or tag of the earlier commit.
        new_commit: Hash or tag of the later commit.
    """
    return "7 files changed, 120 insertions, 31 deletions"


def ping_host(host: str, count: int = 4) -> str:
    """Check whether a machine answers on the network."""
    return "18 ms"


def send_email(to: str, subject: str, body: str) -> str:
    """Send an e-mail."""
    return "sent"


def request_leave(start_date: str, end_date: str, kind: Literal["vacation", "sick", "unpaid"]) -> str:
    """Hand in a leave request.

    Args:
        start_date: First day off.
        end_date: Last day off.
        kind: What type of leave it is.
    """
    return "waiting for approval"


def book_room(room: str, date: str, time: str, people: int | None = None) -> str:
    """Book a meeting room."""
    return "confirmed"


def update_deal_stage(company: str, stage: Literal["prospect", "negotiation", "won", "lost"]) -> str:
    """Move a sales deal to another stage of the pipeline."""
    return "updated"


def clock_in() -> str:
    """Record the start of the working day."""
    return "08:57"


def print_document(path: str, copies: int = 1, color: bool = False) -> str:
    """Print a document on the office printer."""
    return "job 3312 queued"


def get_unread_count() -> str:
    """Tell how many unread messages are in the inbox."""
    return "3 new messages"


def check_stock(sku: str, store: str | None = None) -> int:
    """Tell how many pieces of an article are in stock."""
    return 14


def set_price(product: str, price: float) -> str:
    """Change the sales price of a product.

    Args:
        product: Name of the product as listed in the shop.
        price: The new price in euros.
    """
    return "price updated"


def update_order_status(
    order_number: int, status: Literal["processing", "shipped", "delivered", "cancelled"]
) -> dict[str, Any]:
    """Set the status of a customer's order."""
    return {"order": order_number, "status": status}


def create_gift_card(amount: float, recipient: str, message: str | None = None) -> str:
    """Issue a gift card."""
    return "GC-7Q2K-91"


def convert_currency(amount: float, from_currency: str, to_currency: str) -> str:
    """Convert an amount between two currencies, given by their three-letter codes."""
    return "231.75"


def block_card(last_digits: str, permanent: bool = False) -> str:
    """Block a bank card.

    Args:
        last_digits: The last four digits of the card number.
        permanent: Whether the card is blocked for good rather than for a while.
    """
    return "blocked"


def calculate_loan(principal: float, annual_rate: float, years: int) -> str:
    """Calculate the monthly payment for a loan.

    Args:
        principal: The borrowed amount.
        annual_rate: Interest per year, in percent.
        years: How long the loan runs.
    """
    return "1,204.10 EUR"


def create_standing_order(payee: str, amount: float, interval: Literal["weekly", "monthly", "yearly"]) -> str:
    """Set up a payment that repeats."""
    return "active"


def add_reminder(text: str, when: str) -> str:
    """Remind the user of something later."""
    return "ok"


def add_todo_items(list_name: str, items: list[str]) -> str:
    """Add entries to one of the user's lists.

    Args:
        list_name: Which list.
        items: The entries to add.
    """
    return "list saved"


def next_appointment() -> str:
    """Tell what comes next in the calendar."""
    return "15:30 dentist"


def set_do_not_disturb(enabled: bool, until: str | None = None) -> str:
    """Turn the do-not-disturb mode on or off."""
    return "changed"


def lock_door(door: str) -> str:
    """Lock a door of the house, for example the 'back door'."""
    return "locked"


def start_vacuum(room: str | None = None, mode: Literal["quiet", "normal", "turbo"] = "normal") -> str:
    """Send the robot vacuum to work."""
    return "cleaning, 84% battery"


def set_blinds(room: str, position: int) -> str:
    """Move the window blinds.

    Args:
        room: The room with the blinds.
        position: How far they are open, in percent.
    """
    return "moving"


def arm_alarm(mode: Literal["home", "away", "night"]) -> str:
    """Arm the burglar alarm of the house."""
    return "armed"


def set_volume(level: int, device: str | None = None) -> str:
    """Set the volume, from 0 to 100."""
    return "volume changed"


def pause_playback() -> str:
    """Pause whatever is playing."""
    return "paused at 12:41"


def create_playlist(name: str, songs: list[str]) -> str:
    """Create a playlist with some songs in it."""
    return "playlist created"


def play_podcast(show: str, episode: int | None = None) -> str:
    """Play a podcast, the newest episode unless another one is given."""
    return "playing"


def rate_movie(title: str, stars: int) -> str:
    """Rate a movie with one to five stars."""
    return "thanks"


def log_blood_pressure(systolic: int, diastolic: int) -> str:
    """Save a blood pressure reading, in mmHg."""
    return "normal range"


def log_meal(food: str, calories: int, meal: Literal["breakfast", "lunch", "dinner", "snack"]) -> dict[str, Any]:
    """Write a meal into the food diary.

    Args:
        food: What was eaten.
        calories: Energy in kilocalories.
        meal: Which meal of the day it was.
    """
    return {"today": 1460, "left": 540}


def calculate_bmi(weight_kg: float, height_cm: float) -> float:
    """Compute the body mass index."""
    return 23.4


def search_hotels(city: str, nights: int, breakfast: bool = False) -> str:
    """Search for hotel rooms.

    Args:
        city: Where to stay.
        nights: Number of nights.
        breakfast: Whether breakfast has to be included.
    """
    return "11 hotels from 74 EUR"


def get_train_departures(station: str) -> str:
    """List the next trains that leave from a station."""
    return "17:08 ICE 597, platform 4"


def check_in_flight(booking_code: str, seat: Literal["window", "middle", "aisle"] | None = None) -> str:
    """Check in for a flight, with a wish for the seat if there is one."""
    return "seat 14A"


def get_driving_time(start: str, destination: str) -> str:
    """Estimate how long a car trip takes in current traffic."""
    return "2 h 35 min"


def find_charging_station(near: str, fast_only: bool = False) -> str:
    """Find charging stations for electric cars around a place."""
    return "4 stations, closest 1.2 km"


def get_tire_pressure() -> dict[str, Any]:
    """Read the pressure of all four tires, in bar."""
    return {"front_left": 2.4, "front_right": 2.4, "rear_left": 2.1, "rear_right": 2.5}


def log_refuel(liters: float, price_per_liter: float, odometer: int | None = None, station: str | None = None) -> str:
    """Record a stop at the gas station in the car's logbook."""
    return "6.8 l/100 km"


def record_grade(student: str, subject: str, points: int) -> str:
    """Enter a test result into the grade book.

    Args:
        student: Name of the student.
        subject: The school subject.
        points: The points reached, 0 to 100.
    """
    return "grade recorded"


def create_quiz(topic: str, questions: int, difficulty: Literal["easy", "medium", "hard"] = "medium") -> str:
    """Generate a multiple-choice quiz for a class."""
    return "quiz 58 ready"


def molar_mass(formula: str) -> float:
    """Compute the molar mass of a chemical compound, in g/mol."""
    return 180.16


def factorize(number: int) -> str:
    """Split a whole number into its prime factors."""
    return "2 * 3 * 337"


def roll_dice(sides: int, count: int = 1) -> int:
    """Roll dice and add up the eyes."""
    return 11


def new_chess_game(opponent: str, minutes: int, rated: bool = True) -> str:
    """Challenge another player to a game of chess.

    Args:
        opponent: User name of the other player.
        minutes: Thinking time for each side.
        rated: Whether the result counts for the rating.
    """
    return "challenge sent"


def find_recipe(ingredient: str, vegetarian: bool = False) -> str:
    """Suggest a recipe that uses an ingredient."""
    return "Gratin, 45 minutes"


def preheat_oven(temperature: int, program: str | None = None) -> str:
    """Heat up the oven.

    Args:
        temperature: Target temperature in degrees Celsius.
        program: Heating program of the oven, such as fan or grill.
    """
    return "heating, ready in 9 minutes"


def scale_recipe(recipe: str, servings: int) -> str:
    """Recalculate the quantities of a saved recipe for a number of servings."""
    return "600 g flour, 3 eggs"


# fmt: off
REQUESTS: dict[Callable[..., Any], list[tuple[str, dict[str, Any]]]] = {
    track_parcel: [("Where's my parcel 00340434161?", dict(tracking_number="00340434161")), ("Has JD0146000 been delivered yet?", dict(tracking_number="JD0146000")), ("any news about shipment 1Z999AA1", dict(tracking_number="1Z999AA1"))],
    create_ticket: [("Open a ticket titled Login broken with high priority", dict(title="Login broken", priority="high")), ("The printer on floor 3 is on fire, please file a high priority ticket called printer on fire", dict(title="printer on fire", priority="high")), ("new low priority ticket: typo on landing page", dict(title="typo on landing page", priority="low"))],
    restart_service: [("restart billing on staging", dict(service="billing", environment="staging")), ("The auth-api hangs again in production, bounce it", dict(service="auth-api", environment="production")), ("Can you kick the search service in staging?", dict(service="search", environment="staging"))],
    get_invoice: [("Show me invoice 20391", dict(invoice_id=20391)), ("What did we charge on invoice number 77?", dict(invoice_id=77)), ("pull up invoice 4410 please", dict(invoice_id=4410))],
    set_thermostat: [("Make it 21 degrees", dict(temperature=21)), ("It's freezing in the bathroom, set it to 23.5", dict(temperature=23.5, room="bathroom")), ("turn the heating in the office down to 17", dict(temperature=17, room="office"))],
    search_flights: [("I need a flight from Oslo to Madrid on 3 May", dict(origin="Oslo", destination="Madrid", date="3 May")), ("Flights Berlin to Tokyo tomorrow?", dict(origin="Berlin", destination="Tokyo", date="tomorrow")), ("find me something to Lisbon from Paris for 2026-07-01", dict(origin="Paris", destination="Lisbon", date="2026-07-01"))],
    add_to_cart: [("Add 3 lightbulbs to my cart", dict(product="lightbulbs", quantity=3)), ("put two bags of rice in the basket", dict(product="bags of rice", quantity=2)), ("I'd like to buy a kettle", dict(product="kettle"))],
    play_song: [("Play Yesterday by the Beatles", dict(title="Yesterday", artist="the Beatles")), ("put on Bohemian Rhapsody", dict(title="Bohemian Rhapsody")), ("I want to hear Hurt by Johnny Cash", dict(title="Hurt", artist="Johnny Cash"))],
    send_sms: [("Text +4917612345 that I'm running late", dict(phone_number="+4917612345", message="I'm running late")), ("send an sms to 555-0137: dinner at 8?", dict(phone_number="555-0137", message="dinner at 8?")), ("Message 0151 2233 saying happy birthday", dict(phone_number="0151 2233", message="happy birthday"))],
    get_weather: [("How's the weather in Reykjavik?", dict(city="Reykjavik")), ("Do I need an umbrella in Dublin", dict(city="Dublin")), ("weather New York", dict(city="New York"))],
    get_forecast: [("What will the weather be like in Rome over the next 5 days?", dict(city="Rome", days=5)), ("3 day forecast for Oslo", dict(city="Oslo", days=3)), ("forecast for the coming week in Cairo, 7 days", dict(city="Cairo", days=7))],
    schedule_meeting: [("Set up a meeting with Priya at 3 pm about the budget", dict(topic="the budget", attendee="Priya", time="3 pm")), ("meet Tom at 10:30 to discuss hiring", dict(topic="hiring", attendee="Tom", time="10:30")), ("schedule roadmap review with Ken for tomorrow 9am", dict(topic="roadmap review", attendee="Ken", time="tomorrow 9am"))],
    delete_user: [("Remove the account of jsmith42", dict(username="jsmith42")), ("delete user bob", dict(username="bob")), ("please get rid of the user test_admin", dict(username="test_admin"))],
    run_query: [("Run select count(*) from users", dict(sql="select count(*) from users")), ("execute this: SELECT name FROM orders", dict(sql="SELECT name FROM orders")), ("query the database with select 1", dict(sql="select 1"))],
    calculate_tip: [("What's a 15 percent tip on 56 dollars?", dict(bill=56, percent=15)), ("tip for a bill of 80.50 at 10%", dict(bill=80.5, percent=10)), ("How much is 20% on a 42 euro bill", dict(bill=42, percent=20))],
    set_alarm: [("Wake me up at 6:45", dict(time="6:45")), ("alarm for 7 am please", dict(time="7 am")), ("I have to get up at half past five", dict(time="half past five"))],
    start_timer: [("Set a timer for 10 minutes", dict(minutes=10)), ("Remind me when 25 minutes are over", dict(minutes=25)), ("timer, four minutes", dict(minutes=4))],
    open_website: [("Open https://news.ycombinator.com", dict(url="https://news.ycombinator.com")), ("go to example.org", dict(url="example.org")), ("can you show me wikipedia.org", dict(url="wikipedia.org"))],
    get_stock_price: [("What's AAPL trading at?", dict(symbol="AAPL")), ("price of NVDA", dict(symbol="NVDA")), ("How is TSLA doing today?", dict(symbol="TSLA"))],
    reserve_table: [("Book a table for 4 at Luigi's at 19:30", dict(restaurant="Luigi's", people=4, time="19:30")), ("We are six people, get us into Noma at 8 pm", dict(restaurant="Noma", people=6, time="8 pm")), ("table for two at Chez Paul, 20:00", dict(restaurant="Chez Paul", people=2, time="20:00"))],
    log_workout: [("I ran for 35 minutes", dict(activity="ran", minutes=35)), ("log 60 minutes of yoga", dict(activity="yoga", minutes=60)), ("Just did 20 minutes of rowing", dict(activity="rowing", minutes=20))],
    turn_on_light: [("Light in the kitchen, please", dict(room="kitchen")), ("It's dark in the hallway, switch the light on", dict(room="hallway")), ("lights on in the bedroom", dict(room="bedroom"))],
    turn_off_light: [("Kill the lights in the garage", dict(room="garage")), ("nobody is in the office, lights off there", dict(room="office")), ("turn the bathroom light off", dict(room="bathroom"))],
    set_brightness: [("Dim the living room to 30 percent", dict(room="living room", level=30)), ("make the studio brighter, 90%", dict(room="studio", level=90)), ("bedroom light to 5 percent", dict(room="bedroom", level=5))],
    merge_branch: [("Merge feature/login into main", dict(source="feature/login", target="main")), ("merge develop to release-2.1", dict(source="develop", target="release-2.1")), ("get the hotfix branch into master", dict(source="hotfix", target="master"))],
    create_repository: [("Create a private repo named secret-sauce", dict(name="secret-sauce", private=True)), ("new repository called playground", dict(name="playground")), ("make me a public repo docs-site", dict(name="docs-site", private=False))],
    assign_issue: [("Assign issue 512 to maria", dict(issue=512, assignee="maria")), ("give #33 to Lars", dict(issue=33, assignee="Lars")), ("issue 9 should be handled by kim", dict(issue=9, assignee="kim"))],
    lookup_customer: [("Who is the customer with the email dana@wolf.io?", dict(email="dana@wolf.io")), ("find customer j.doe@mail.com", dict(email="j.doe@mail.com")), ("look up info@acme.net for me", dict(email="info@acme.net"))],
    refund_order: [("Refund 20 euros on order A-1009", dict(order_id="A-1009", amount=20)), ("order 77812: pay back 5.99", dict(order_id="77812", amount=5.99)), ("The customer of order B22 should get 12.50 back", dict(order_id="B22", amount=12.5))],
    book_taxi: [("I need a cab from the airport to Main Street 5", dict(pickup="the airport", dropoff="Main Street 5")), ("taxi from Central Station to Hotel Astoria", dict(pickup="Central Station", dropoff="Hotel Astoria")), ("pick me up at Elm Road and bring me to the stadium", dict(pickup="Elm Road", dropoff="the stadium"))],
    define_word: [("What does rivulet mean?", dict(word="rivulet")), ("define serendipity", dict(word="serendipity")), ("I don't know the word obtuse", dict(word="obtuse"))],
    translate_text: [("Translate good morning into French", dict(text="good morning", target_language="French")), ("how do I say thank you in Japanese?", dict(text="thank you", target_language="Japanese")), ("put where is the station into Spanish", dict(text="where is the station", target_language="Spanish"))],
    resize_image: [("Resize photo.png to 800 by 600", dict(path="photo.png", width=800, height=600)), ("make logo.jpg 64 x 64 pixels", dict(path="logo.jpg", width=64, height=64)), ("scale banner.gif to width 1200 and height 300", dict(path="banner.gif", width=1200, height=300))],
    read_file: [("What's in notes.txt?", dict(path="notes.txt")), ("show me the contents of /etc/hosts", dict(path="/etc/hosts")), ("read src/main.py", dict(path="src/main.py"))],
    list_files: [("What files are in /tmp?", dict(folder="/tmp")), ("ls Downloads", dict(folder="Downloads")), ("show everything in the folder reports", dict(folder="reports"))],
    add_expense: [("I spent 12.80 on food", dict(amount=12.8, category="food")), ("paid 900 for rent", dict(amount=900, category="rent")), ("Add 45 for travel", dict(amount=45, category="travel"))],
    invite_people: [("Invite Anna, Ben and Cleo to the barbecue", dict(names=["Anna","Ben","Cleo"], event="barbecue")), ("invite Max and Moritz to movie night", dict(names=["Max","Moritz"], event="movie night")), ("Please ask Zoe to come to the launch party", dict(names=["Zoe"], event="launch party"))],
    add_tags: [("Tag note 12 with work and urgent", dict(note_id=12, tags=["work","urgent"])), ("put the tags recipe, dinner and vegan on note 7", dict(note_id=7, tags=["recipe","dinner","vegan"])), ("note 101 gets the tag ideas", dict(note_id=101, tags=["ideas"]))],
    check_balance: [("How much is in my savings?", dict(account="savings")), ("checking account balance", dict(account="checking")), ("am I broke? look at checking", dict(account="checking"))],
    transfer_money: [("Send 50 to Alice", dict(recipient="Alice", amount=50)), ("transfer 1200.00 to Greenfield Ltd", dict(recipient="Greenfield Ltd", amount=1200)), ("I owe Bob 15.75, pay him", dict(recipient="Bob", amount=15.75))],
    mute_microphone: [("Mute me", {}), ("turn my mic off", {}), ("they shouldn't hear me right now", {})],
    get_battery_level: [("How much battery do I have left?", {}), ("battery?", {}), ("Do I have to charge soon?", {})],
    charge_status: [("Is the Zoe charged?", dict(vehicle="Zoe")), ("How full is the battery of the Model 3?", dict(vehicle="Model 3")), ("charge level of the van", dict(vehicle="van"))],
    water_plants: [("Water the roses for 5 minutes", dict(zone="roses", minutes=5)), ("give the front lawn 15 minutes of water", dict(zone="front lawn", minutes=15)), ("the tomatoes are dry, 8 minutes please", dict(zone="tomatoes", minutes=8))],
    get_build_status: [("Did nightly-e2e go through?", dict(pipeline="nightly-e2e")), ("is the android-release pipeline green on branch develop", dict(pipeline="android-release", branch="develop")), ("Before I go home I'd like to know how backend-ci looks for fix/timeout", dict(pipeline="backend-ci", branch="fix/timeout"))],
    scale_deployment: [("Black Friday starts in an hour, give the storefront deployment 12 replicas", dict(deployment="storefront", replicas=12)), ("scale image-worker down to one", dict(deployment="image-worker", replicas=1)), ("Can we run six pods of checkout-api?", dict(deployment="checkout-api", replicas=6))],
    tail_logs: [("last 50 lines from payments-api", dict(service="payments-api", lines=50)), ("Something is broken in mailer. Show me just the failures.", dict(service="mailer", level="error")), ("Let me see 20 warning lines of the gateway log", dict(service="gateway", lines=20, level="warning"))],
    rollback_release: [("The new webshop build crashes on start, take it back to 3.8.1", dict(app="webshop", version="3.8.1")), ("roll back crm-sync to v2024.11", dict(app="crm-sync", version="v2024.11")), ("We need version 1.0.9 of courier-app live again", dict(app="courier-app", version="1.0.9"))],
    rename_file: [("Rename draft.docx to final.docx", dict(old_name="draft.docx", new_name="final.docx")), ("IMG_0042.jpg should be called sunset.jpg from now on", dict(old_name="IMG_0042.jpg", new_name="sunset.jpg")), ("mv utils.py helpers.py", dict(old_name="utils.py", new_name="helpers.py"))],
    set_feature_flag: [("Turn on dark_mode for everyone", dict(flag="dark_mode", enabled=True)), ("new-checkout is causing trouble again, switch that flag off until we know why", dict(flag="new-checkout", enabled=False)), ("can we enable beta_search now?", dict(flag="beta_search", enabled=True))],
    list_failed_jobs: [("Which jobs crashed today?", {}), ("anything broken in the background queue", {}), ("Give me a list of failed jobs before standup", {})],
    diff_commits: [("What changed between a91f3c and 77de02?", dict(old_commit="a91f3c", new_commit="77de02")), ("diff v1.4 against v1.5, older one is v1.4", dict(old_commit="v1.4", new_commit="v1.5")), ("I'm writing release notes, so summarize everything from 0bc12d up to e5510a", dict(old_commit="0bc12d", new_commit="e5510a"))],
    ping_host: [("is db-02.internal alive", dict(host="db-02.internal")), ("Ping 10.0.0.12 five times", dict(host="10.0.0.12", count=5)), ("I can't reach nas.local from here, does it answer you?", dict(host="nas.local"))],
    send_email: [("Write to hr@northwind.com, subject Parking permit, text: I need a new permit for May", dict(to="hr@northwind.com", subject="Parking permit", body="I need a new permit for May")), ("email lena@studio9.de with the subject \"Lunch\" and the body \"Are you free at noon?\"", dict(to="lena@studio9.de", subject="Lunch", body="Are you free at noon?")), ("mail to: boss@corp.io / subject: Done / body: The report is finished", dict(to="boss@corp.io", subject="Done", body="The report is finished"))],
    request_leave: [("I'd like to take vacation from 4 August to 15 August", dict(start_date="4 August", end_date="15 August", kind="vacation")), ("The doctor says I have the flu and must stay in bed, 2026-03-02 until 2026-03-05", dict(start_date="2026-03-02", end_date="2026-03-05", kind="sick")), ("unpaid leave please, first day 1 June, last day 30 June", dict(start_date="1 June", end_date="30 June", kind="unpaid"))],
    book_room: [("Get me the room Aquarium on Friday at 14:00, there will be 8 of us", dict(room="Aquarium", date="Friday", time="14:00", people=8)), ("is B204 available on 12 March at 9:30? if so take it", dict(room="B204", date="12 March", time="9:30")), ("Room Turing, tomorrow, 4 pm, three people", dict(room="Turing", date="tomorrow", time="4 pm", people=3))],
    update_deal_stage: [("Brightwater just signed the contract!!", dict(company="Brightwater", stage="won")), ("Mark the deal with Kessler & Sons as lost", dict(company="Kessler & Sons", stage="lost")), ("we're in negotiation with Polarsoft now, update the CRM", dict(company="Polarsoft", stage="negotiation"))],
    clock_in: [("I'm at my desk, start my working day", {}), ("clock me in", {}), ("Morning! Just arrived, can you stamp my time card?", {})],
    print_document: [("i need five copies of flyer.pdf in color", dict(path="flyer.pdf", copies=5, color=True)), ("Please put boarding-pass.pdf on paper", dict(path="boarding-pass.pdf")), ("Print thesis.docx, black and white will do", dict(path="thesis.docx", color=False))],
    get_unread_count: [("Any new mail?", {}), ("how many messages haven't i read yet", {}), ("Tell me if something has landed in my inbox", {})],
    check_stock: [("How many of KX-2210 do we still have?", dict(sku="KX-2210")), ("A customer is asking for 55-871-B, do they have it in Hamburg?", dict(sku="55-871-B", store="Hamburg")), ("stock SHIRT-M-NAVY", dict(sku="SHIRT-M-NAVY"))],
    set_price: [("Garden Chair should cost 34.95 from now on", dict(product="Garden Chair", price=34.95)), ("Coffee beans got more expensive, so raise Espresso Forte to 18 euros", dict(product="Espresso Forte", price=18)), ("new price for USB hub: 12.49", dict(product="USB hub", price=12.49))],
    update_order_status: [("Order 88120 has just left our warehouse with the courier", dict(order_number=88120, status="shipped")), ("set 90417 to cancelled", dict(order_number=90417, status="cancelled")), ("Could you flag order number 73355 as delivered?", dict(order_number=73355, status="delivered"))],
    create_gift_card: [("A 50 euro gift card for Marlene, please", dict(amount=50, recipient="Marlene")), ("My nephew Theo graduates, make him a voucher over 75 with the message Well done!", dict(amount=75, recipient="Theo", message="Well done!")), ("gift card, 19.99, goes to Ibrahim", dict(amount=19.99, recipient="Ibrahim"))],
    convert_currency: [("How much is 250 USD in EUR?", dict(amount=250, from_currency="USD", to_currency="EUR")), ("49.90 GBP to CHF", dict(amount=49.9, from_currency="GBP", to_currency="CHF")), ("The hotel wants 18000 JPY, what would that be in SEK", dict(amount=18000, from_currency="JPY", to_currency="SEK"))],
    block_card: [("Someone stole my wallet! Block the card ending in 4821", dict(last_digits="4821")), ("card 7716 is gone forever, block it permanently", dict(last_digits="7716", permanent=True)), ("Can you freeze 0093 just temporarily? I think it's in my other jacket", dict(last_digits="0093", permanent=False))],
    calculate_loan: [("What would I pay each month for 200000 at 3.5 percent over 25 years?", dict(principal=200000, annual_rate=3.5, years=25)), ("loan of 12000, 5 years, 6% interest", dict(principal=12000, annual_rate=6, years=5)), ("We want to borrow 35000 for a new kitchen at 4.25% and pay it off in ten years", dict(principal=35000, annual_rate=4.25, years=10))],
    create_standing_order: [("Pay FitBox 29.90 every month", dict(payee="FitBox", amount=29.9, interval="monthly")), ("weekly standing order, 15 euros, to Emma", dict(payee="Emma", amount=15, interval="weekly")), ("I want to support Sea Rescue with a yearly payment of 120", dict(payee="Sea Rescue", amount=120, interval="yearly"))],
    add_reminder: [("Remind me to call mom at 18:00", dict(text="call mom", when="18:00")), ("don't let me forget to renew my passport, tell me next Monday", dict(text="renew my passport", when="next Monday")), ("tomorrow morning: take out the trash, remind me", dict(text="take out the trash", when="tomorrow morning"))],
    add_todo_items: [("Put milk, butter and eggs on the groceries list", dict(list_name="groceries", items=["milk", "butter", "eggs"])), ("packing list: add sunscreen, passport, headphones", dict(list_name="packing", items=["sunscreen", "passport", "headphones"])), ("We also need screws and sandpaper, that belongs on my hardware store list", dict(list_name="hardware store", items=["screws", "sandpaper"]))],
    next_appointment: [("What's next on my calendar?", {}), ("where do i have to be now", {}), ("I've lost track of my day, which appointment is coming up?", {})],
    set_do_not_disturb: [("Nobody should bother me until 16:00", dict(enabled=True, until="16:00")), ("ok I'm reachable again, end do not disturb", dict(enabled=False)), ("Switch on do not disturb", dict(enabled=True))],
    lock_door: [("Lock the front door", dict(door="front door")), ("did i leave the cellar door open? lock it just in case", dict(door="cellar door")), ("Please make sure nobody can get in through the patio door", dict(door="patio door"))],
    start_vacuum: [("Crumbs all over the kitchen, send the robot in with full power", dict(room="kitchen", mode="turbo")), ("vacuum the hallway", dict(room="hallway")), ("The baby is asleep, so clean the den in quiet mode", dict(room="den", mode="quiet"))],
    set_blinds: [("Open the blinds in the bedroom to 40 percent", dict(room="bedroom", position=40)), ("sun is blinding me, blinds in the study at 15%", dict(room="study", position=15)), ("Could the conservatory blinds be open 75 percent?", dict(room="conservatory", position=75))],
    arm_alarm: [("We're all leaving the house now, arm the alarm", dict(mode="away")), ("alarm on, night mode", dict(mode="night")), ("Can you set the burglar alarm to home?", dict(mode="home"))],
    set_volume: [("Too loud! Volume 20", dict(level=20)), ("put the soundbar at 65", dict(level=65, device="soundbar")), ("Would you set the kitchen radio to volume 35?", dict(level=35, device="kitchen radio"))],
    pause_playback: [("hold on, phone's ringing, pause it", {}), ("Pause", {}), ("Can you stop the movie for a moment? I need the bathroom", {})],
    create_playlist: [("Make a playlist Road Trip with Africa, Hotel California and Roxanne", dict(name="Road Trip", songs=["Africa", "Hotel California", "Roxanne"])), ("new playlist called Sunday, songs: Imagine, Clocks", dict(name="Sunday", songs=["Imagine", "Clocks"])), ("I'd like Thunderstruck, Jump and Paranoid together in a playlist named Gym", dict(name="Gym", songs=["Thunderstruck", "Jump", "Paranoid"]))],
    play_podcast: [("Play the latest Radiolab", dict(show="Radiolab")), ("episode 214 of Hardcore History please", dict(show="Hardcore History", episode=214)), ("I have a long drive ahead, start Serial with episode 1", dict(show="Serial", episode=1))],
    rate_movie: [("Give Inception five stars", dict(title="Inception", stars=5)), ("Cats was awful, 1 star", dict(title="Cats", stars=1)), ("I'd say Paddington 2 deserves 4 out of 5", dict(title="Paddington 2", stars=4))],
    log_blood_pressure: [("My blood pressure is 128 over 82", dict(systolic=128, diastolic=82)), ("bp 141/93", dict(systolic=141, diastolic=93)), ("The nurse just measured systolic 117 and diastolic 76, write that down", dict(systolic=117, diastolic=76))],
    log_meal: [("Had porridge at seven this morning, 320 calories", dict(food="porridge", calories=320, meal="breakfast")), ("lasagna for dinner, 740 kcal", dict(food="lasagna", calories=740, meal="dinner")), ("Please note 95 calories for an apple as a snack", dict(food="apple", calories=95, meal="snack"))],
    calculate_bmi: [("I weigh 82.5 kg and I'm 181 cm tall, is that ok?", dict(weight_kg=82.5, height_cm=181)), ("bmi for 64 kilos at 170 cm", dict(weight_kg=64, height_cm=170)), ("Height 158.5 cm, weight 55 kg. What's the body mass index?", dict(weight_kg=55, height_cm=158.5))],
    search_hotels: [("Three nights in Porto with breakfast", dict(city="Porto", nights=3, breakfast=True)), ("Where can I stay in Kyoto? I'll be there for 5 nights", dict(city="Kyoto", nights=5)), ("need a hotel in Vienna, 2 nights, breakfast isn't necessary", dict(city="Vienna", nights=2, breakfast=False))],
    get_train_departures: [("When's the next train from Utrecht Centraal?", dict(station="Utrecht Centraal")), ("departures King's Cross", dict(station="King's Cross")), ("I'm stuck at Olten, what leaves from here soon?", dict(station="Olten"))],
    check_in_flight: [("Check me in, booking QX7R2L, I love looking out at the clouds", dict(booking_code="QX7R2L", seat="window")), ("online check-in for M4TT9Z", dict(booking_code="M4TT9Z")), ("My code is 8HGK2P and with my long legs I want an aisle seat", dict(booking_code="8HGK2P", seat="aisle"))],
    get_driving_time: [("How long does it take to drive from Graz to Trieste?", dict(start="Graz", destination="Trieste")), ("I'm in Leeds and have to be in Bristol tonight, how many hours by car?", dict(start="Leeds", destination="Bristol")), ("driving time to Austin from Dallas", dict(start="Dallas", destination="Austin"))],
    find_charging_station: [("Where can I charge the car near Ulm?", dict(near="Ulm")), ("I'm in a hurry, only fast chargers around Gare de Lyon", dict(near="Gare de Lyon", fast_only=True)), ("chargers close to Camden Market, slow ones are fine too", dict(near="Camden Market", fast_only=False))],
    get_tire_pressure: [("Do my tires need air?", {}), ("tire pressure", {}), ("The car pulls to the left, check the pressure in the tires for me", {})],
    log_refuel: [("Just filled up 42.3 liters at 1.79 per liter", dict(liters=42.3, price_per_liter=1.79)), ("refueled 38 l for 1.849 each, odometer says 84210", dict(liters=38, price_per_liter=1.849, odometer=84210)), ("I got 51.6 liters at Shell, the price was 1.92 a liter", dict(liters=51.6, price_per_liter=1.92, station="Shell"))],
    record_grade: [("Jonas got 87 points in chemistry", dict(student="Jonas", subject="chemistry", points=87)), ("history, Amelie Roth, 64", dict(student="Amelie Roth", subject="history", points=64)), ("Please enter 92 for Kofi, it was the geometry test", dict(student="Kofi", subject="geometry", points=92))],
    create_quiz: [("Make a quiz about photosynthesis with 12 questions, and it should be really tough", dict(topic="photosynthesis", questions=12, difficulty="hard")), ("ten questions on the French Revolution", dict(topic="French Revolution", questions=10)), ("I'm teaching first graders tomorrow, can I have an easy quiz on farm animals, 5 questions?", dict(topic="farm animals", questions=5, difficulty="easy"))],
    molar_mass: [("What's the molar mass of C6H12O6?", dict(formula="C6H12O6")), ("g/mol of NaCl", dict(formula="NaCl")), ("For my lab report I need to know how much one mole of H2SO4 weighs", dict(formula="H2SO4"))],
    factorize: [("Prime factors of 2022?", dict(number=2022)), ("factor 91", dict(number=91)), ("I wonder which primes you multiply to get 5040", dict(number=5040))],
    roll_dice: [("Roll two six-sided dice", dict(sides=6, count=2)), ("throw one die with 20 sides", dict(sides=20, count=1)), ("My wizard casts fireball, that's 8d6", dict(sides=6, count=8))],
    new_chess_game: [("Challenge magnus_fan to a 10 minute game, just for fun, unrated", dict(opponent="magnus_fan", minutes=10, rated=False)), ("i want to play knightrider, 15 minutes each", dict(opponent="knightrider", minutes=15)), ("Let's see if I can beat Rookie77: 5 minutes, and it should count for my rating", dict(opponent="Rookie77", minutes=5, rated=True))],
    find_recipe: [("What can I cook with zucchini?", dict(ingredient="zucchini")), ("My guests don't eat meat or fish and I have loads of cabbage to use up", dict(ingredient="cabbage", vegetarian=True)), ("some recipe with lentils, doesn't have to be vegetarian", dict(ingredient="lentils", vegetarian=False))],
    preheat_oven: [("Preheat the oven to 180", dict(temperature=180)), ("pizza night! oven at 250 degrees with the grill", dict(temperature=250, program="grill")), ("The dough is almost ready, so get the oven up to 220, fan program", dict(temperature=220, program="fan"))],
    scale_recipe: [("I need the pancakes recipe for 6 servings", dict(recipe="pancakes", servings=6)), ("chili con carne for twelve", dict(recipe="chili con carne", servings=12)), ("There's only two of us tonight, adjust Thai curry", dict(recipe="Thai curry", servings=2))],
}
# fmt: on
"""What is asked of each tool, and the arguments that it should be called with."""

TOOLS = {function: Tool(function) for function in REQUESTS}
ASKED = [(function, prompt, arguments) for function, asked in REQUESTS.items() for prompt, arguments in asked]


def case(index: int, rng: random.Random, mix: Mix) -> tuple[list[ToolDefinition], Case]:
    """Request `index`, from the first one again behind the last, among other tools that `rng` chooses."""
    function, prompt, arguments = ASKED[index % len(ASKED)]
    beside = rng.choices(range(len(mix.tools_in_view)), mix.tools_in_view)[0]
    shown = rng.sample([other for other in TOOLS if other is not function], beside)
    shown.insert(rng.randint(0, beside), function)
    result = function(**arguments)
    call = Call(TOOLS[function], arguments, result)
    return [TOOLS[one].definition for one in shown], Case(prompt, ((call,),), plain_answer(result))
