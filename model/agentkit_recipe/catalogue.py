# ruff: noqa: E501 (tables of phrasings)
"""The catalogue: every family of tools there is, and which of them are never trained on.

See `tables` for how it is written and `families` for the templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .everyday import EVERYDAY, NEWER
from .families import Family
from .tables import choice, family, flag, slot

_ROOM = slot("room area location", "room", "The name of the room.|Which room it is about.|The room in the house.")

READY_MADE = (
    family("calculate evaluate compute solve_math", "Calculate an arithmetic expression.|Work out the value of a formula."
            "|Do a calculation with numbers.", (
                slot("expression formula calculation", "expression", "The expression, such as 12 * (3 + 4)."
                      "|The arithmetic to work out.|A formula with numbers."),),
            "what is {expression}|calculate {expression}|how much is {expression}|compute {expression}|work out {expression}"
            "|what does {expression} equal|please calculate {expression}|can you tell me what {expression} is"
            "|evaluate {expression}|solve {expression}", "{eval expression}"),
    family("current_time get_time clock world_clock", "Tell the current time in a city or time zone."
            "|Get the local time of a place.|Look up what time it is somewhere.", (
                slot("place city timezone location", "place", "A city or time zone name.|The place to look up."
                      "|Where to tell the time."),),
            "what time is it in {place}|tell me the time in {place}|current time in {place}|what is the local time in {place}"
            "|how late is it in {place}|time in {place} please|what time is it now in {place}|get the time for {place}",
            "{kind time} on {kind weekday} {int 1 30} {kind month} {int 2024 2030}"),
    family("convert_units unit_converter convert_measure", "Convert a value from one unit to another."
            "|Change a measurement to another unit.|Turn one unit into another.", (
                slot("value amount quantity", "number", "The value to convert.|How much to convert.|The number.", "number"),
                slot("from_unit source_unit unit", "unit_from", "The unit to convert from.|The unit of the value."),
                slot("to_unit target_unit into", "unit_to", "The unit to convert to.|The wanted unit.")),
            "convert {value} {from_unit} to {to_unit}|how many {to_unit} are {value} {from_unit}|what is {value} {from_unit} in"
            " {to_unit}|{value} {from_unit} in {to_unit}|turn {value} {from_unit} into {to_unit}|change {value} {from_unit} to"
            " {to_unit}|please convert {value} {from_unit} into {to_unit}|how much is {value} {from_unit} in {to_unit}",
            "{convert}"),
    family("add_note save_note write_note take_note", "Save a note.|Write down a new note.|Keep a short text for later.", (
                slot("text note content", "note", "The text of the note.|What to write down.|The words to keep."),),
            "add a note: {text}|save a note: {text}|take a note: {text}|write down: {text}|note that {text}"
            "|make a note saying {text}|please note down {text}|new note: {text}|save this note: {text}",
            "Saved note {int 1 60}."),
    family("find_notes search_notes look_up_notes", "Find saved notes that contain some words.|Search the notes for words."
            "|Look for a note.", (slot("query words search", "query", "Words to look for.|What the notes should contain."),),
            "find notes about {query}|search my notes for {query}|which notes mention {query}|do I have notes about {query}"
            "|look for {query} in my notes|find my note about {query}|show notes with {query}|what did I note about {query}",
            "* {kind note}"),
    family("list_notes show_notes all_notes get_notes", "List all saved notes.|Show every note.|Get the notes saved so far.",
            (), "list my notes|show all my notes|what are my notes|list all notes|read me my notes|show me every note"
            "|which notes do I have|what notes have I saved", "* {kind note}"),
    family("read_file open_file cat_file show_file", "Read a text file.|Show what a file contains.|Get the text of a file.", (
                slot("path file filename", "path", "The path of the file.|Which file to read.|The name of the file."),),
            "read {path}|read the file {path}|show me {path}|what is in {path}|open the file {path}|what does {path} say"
            "|print the contents of {path}|display {path} please", "{kind note}."),
    family("list_files list_folder show_files dir", "List the files in a folder.|Show which files a folder has."
            "|Get the names of files.", (
                slot("folder directory path", "folder", "The path of the folder.|Which folder to list.", optional=True),),
            "list the files in {folder}|what files are in {folder}|show the folder {folder}|list files|which files are there"
            "|show me the files in the folder {folder}|what is inside the folder {folder}|list all my files|ls {folder}",
            "* {kind path}"),
    family("find_text search_files grep search_in_files", "Find files that contain a text.|Search inside all files."
            "|Look for words in files.", (slot("text pattern words", "query", "The text to look for.|What to search for."),),
            "find files that contain {text}|which files mention {text}|search the files for {text}|grep for {text}"
            "|where is {text} in my files|look for {text} in the files|find the text {text}|which files contain {text}",
            "* {kind path}"),
    family("http_get fetch_page get_url download_page", "Fetch a web page by its address.|Get the page at a web address."
            "|Download a page.", (slot("url address link", "url", "The address of the page.|The link to open."),),
            "fetch {url}|get {url}|open {url}|what does {url} say|load the page {url}|download {url}|what is on {url}"
            "|fetch the page at {url}", "{kind message}."),
)  # fmt: skip

HOME = (
    family("turn_on switch_on power_on", "Turn on a device.|Switch a device on.|Start a device in the house.", (
                slot("device name appliance", "device", "The device to turn on.|The name of the device."),),
            "turn on the {device}|switch on the {device}|turn the {device} on|please turn on the {device}|power on the {device}"
            "|can you switch the {device} on|start the {device}|I want the {device} on", "{pick on|ok|done}"),
    family("turn_off switch_off power_off", "Turn off a device.|Switch a device off.|Stop a device in the house.", (
                slot("device name appliance", "device", "The device to turn off.|The name of the device."),),
            "turn off the {device}|switch off the {device}|turn the {device} off|please turn off the {device}"
            "|power off the {device}|can you switch the {device} off|shut off the {device}|I want the {device} off",
            "{pick off|ok|done}"),
    family("set_temperature heat_room set_thermostat", "Set the temperature of a room.|Change how warm a room is."
            "|Set the thermostat in a room.", (_ROOM, slot(
                "degrees temperature value", "degrees", "The temperature in degrees.|How warm it should be.", "number")),
            "set the {room} to {degrees} degrees|heat the {room} to {degrees} degrees|make the {room} {degrees} degrees"
            "|set the temperature in the {room} to {degrees}|I want {degrees} degrees in the {room}"
            "|set the thermostat in the {room} to {degrees} degrees|keep the {room} at {degrees} degrees",
            "{pick ok|set|done}"),
    family("set_light dim_light light_level adjust_light", "Set the light in a room.|Change the brightness of a room light."
            "|Dim or color the light.", (_ROOM, slot(
                "brightness level percent", "percent", "The brightness from 0 to 100.|How bright, in percent.", "integer"),
                slot("color colour shade", "color", "The color of the light.|Which color to show.", optional=True)),
            "set the {room} light to {brightness} percent|dim the {room} light to {brightness} percent"
            "|set the light in the {room} to {brightness}|make the {room} light {color} at {brightness} percent"
            "|{room} light at {brightness} percent|set the {room} light to {color} and {brightness} percent"
            "|change the light in the {room} to {brightness} percent|I want {color} light in the {room} at {brightness} percent",
            "{pick ok|set|done}"),
    family("play_music play_song start_music play_track", "Play a song.|Start a piece of music.|Play music by title.", (
                slot("title song track", "title", "The title of the song.|What to play.|The name of the track."),),
            "play {title}|play the song {title}|put on {title}|I want to hear {title}|please play {title}|start playing {title}"
            "|can you play {title}|listen to {title}", "{pick playing|ok}"),
    family("start_timer set_timer timer countdown", "Start a timer.|Count down some minutes.|Set a kitchen timer.", (
                slot("minutes duration length", "minutes", "How many minutes it runs.|The time in minutes.", "integer"),),
            "start a timer for {minutes} minutes|set a timer for {minutes} minutes|set a {minutes} minute timer"
            "|timer for {minutes} minutes|count down {minutes} minutes|start a {minutes} minute timer|{minutes} minutes timer"
            "|tell me when {minutes} minutes are over", "{pick started|running|ok}"),
    family("get_weather weather weather_report check_weather", "Get the weather in a city.|Tell the current weather of a place."
            "|Look up how the weather is.", (slot("city location place", "city", "The name of the city.|Where to look."),),
            "what is the weather in {city}|how is the weather in {city}|weather in {city}|tell me the weather in {city}"
            "|is it cold in {city}|is it raining in {city}|what is it like outside in {city}|check the weather for {city}"
            "|how warm is it in {city}", "temperature = {kind temperature}; sky = {pick sunny|cloudy|rainy|clear|windy|foggy}"),
    family("roll_dice roll_die throw_dice dice", "Roll a die.|Throw a die with some sides.|Get a random die roll.", (
                slot("sides faces size", "sides", "How many sides it has.|The number of sides.", "integer"),),
            "roll a die with {sides} sides|roll a {sides} sided die|throw a die with {sides} sides|roll a d{sides}"
            "|roll dice with {sides} sides|please roll a {sides} sided die|throw a {sides} sided die", "{int 1 sides}"),
    family("add_item add_to_list shopping_add add_shopping", "Add an item to the shopping list.|Put something on the list."
            "|Remember a thing to buy.", (slot("item product thing", "item", "The item to add.|What to buy."),),
            "add {item} to the shopping list|put {item} on the list|add {item} to my list|we need {item}, add it to the list"
            "|put {item} on my shopping list|add {item}|I need to buy {item}, put it on the list", "{pick added|ok|done}"),
)  # fmt: skip

TIME = (
    family("set_alarm create_alarm alarm wake_me", "Set an alarm.|Make an alarm ring at a time.|Wake the user up.", (
                slot("time at when", "time", "The time of the alarm.|When it should ring."),),
            "set an alarm for {time}|wake me at {time}|alarm at {time}|wake me up at {time}|please set the alarm to {time}"
            "|I need to get up at {time}", "{pick set|ok}"),
    family("add_reminder remind create_reminder set_reminder", "Set a reminder.|Remind the user of something."
            "|Create a reminder for a time.", (
                slot("text task about", "note", "What to be reminded of.|The text of the reminder."),
                slot("time at when", "time", "When to remind.|The time of the reminder.")),
            "remind me at {time}: {text}|set a reminder at {time}: {text}|reminder for {time}: {text}"
            "|at {time} remind me: {text}|create a reminder at {time} saying {text}|please remind me at {time} of this: {text}",
            "{pick set|saved|ok}"),
    family("add_event create_event calendar_add schedule_event", "Add an event to the calendar.|Put something in the calendar."
            "|Schedule an event.", (slot("title name event", "title", "The title of the event.|What the event is called."),
                slot("date day when", "date", "The day of the event.|When it takes place.")),
            "add {title} to my calendar on {date}|put {title} in the calendar for {date}|schedule {title} for {date}"
            "|create an event {title} on {date}|new event {title}, {date}|I have {title} on {date}, add it to the calendar",
            "{pick added|ok|saved}"),
    family("list_events get_calendar agenda show_calendar", "Show the calendar of a day.|List the events on a date."
            "|Tell what is planned.", (slot("date day when", "date", "The day to show.|Which date to look at."),),
            "what is on my calendar on {date}|show my calendar for {date}|what are my plans for {date}|my agenda for {date}"
            "|do I have anything on {date}|list my events for {date}", "* {kind title}"),
    family("days_until count_days days_to", "Count the days until a date.|Tell how far away a day is.|Days left to a date.", (
                slot("date day target", "date", "The date to count to.|Which day."),),
            "how many days until {date}|days until {date}|count the days to {date}|how long until {date}"
            "|how many days are left to {date}|how far away is {date}", "{int 1 364}"),
    family("start_stopwatch stopwatch begin_stopwatch", "Start the stopwatch.|Begin to measure time.|Run a stopwatch.", (),
            "start the stopwatch|start a stopwatch|begin the stopwatch|run the stopwatch|stopwatch please"
            "|measure the time from now", "{pick started|running}"),
)  # fmt: skip

HOUSE = (
    family("lock_door lock secure_door", "Lock a door.|Close the lock of a door.|Secure a door.", (
                slot("door name which", "door", "The door to lock.|Which door."),),
            "lock the {door}|please lock the {door}|secure the {door}|can you lock the {door}|make sure the {door} is locked"
            "|the {door} should be locked", "{pick locked|ok|done}"),
    family("open_garage garage_open raise_garage", "Open the garage.|Raise the garage gate.|Let the car in.", (),
            "open the garage|open the garage please|raise the garage gate|let me into the garage|garage open"
            "|can you open the garage", "{pick open|ok|done}"),
    family("take_snapshot camera_snapshot capture_camera", "Take a picture with a camera.|Save a camera snapshot."
            "|Look through a room camera.", (_ROOM,),
            "take a snapshot of the {room}|show the camera in the {room}|take a picture of the {room}|camera snapshot of the"
            " {room}|check the {room} camera|get an image from the {room} camera", "{kind image}"),
    family("start_vacuum vacuum clean_room robot_clean", "Clean a room with the vacuum.|Send the vacuum robot to a room."
            "|Vacuum the floor of a room.", (_ROOM,),
            "vacuum the {room}|clean the floor in the {room}|start the vacuum in the {room}|send the robot to the {room}"
            "|please vacuum the {room}|let the vacuum clean the {room}", "{pick started|cleaning|ok}"),
    family("water_plants irrigate water_garden", "Water the plants.|Give plants water for some minutes.|Run the watering.", (
                slot("plants plant which", "plant", "Which plants to water.|The plants that need water."),
                slot("minutes duration time", "minutes", "How many minutes.|The time in minutes.", "integer")),
            "water the {plants} for {minutes} minutes|give the {plants} water for {minutes} minutes|the {plants} need {minutes}"
            " minutes of water|please water the {plants} for {minutes} minutes|run the water for the {plants} for {minutes}"
            " minutes|{minutes} minutes of water for the {plants}", "{pick started|ok|watering}"),
    family("set_blinds move_blinds blinds", "Open or close the blinds.|Move the blinds of a room."
            "|Let light in or keep it out.", (_ROOM, choice(
                "position state to", "open|closed", "Open or closed.|Where the blinds should be.",
                {"open": ("open",), "closed": ("close", "shut")}),),
            "{position} the blinds in the {room}|please {position} the blinds in the {room}|{position} the {room} blinds"
            "|can you {position} the blinds in the {room}|in the {room}, {position} the blinds|{position} all blinds in the"
            " {room}", "{pick ok|done}"),
)  # fmt: skip

MEDIA = (
    family("pause_music pause stop_music halt_playback", "Pause the music.|Stop what is playing.|Hold the playback.", (),
            "pause the music|stop the music|pause|please pause the song|stop playing|be quiet, pause the music|hold the music",
            "{pick paused|ok}"),
    family("next_song skip_song skip next_track", "Skip to the next song.|Play the next track.|Go to the next song.", (),
            "next song|skip this song|play the next song|skip|next track please|I do not like this song, skip it",
            "{kind title}"),
    family("set_volume volume change_volume", "Set the volume.|Change how loud it plays.|Set the sound level.", (
                slot("level percent volume", "percent", "The volume from 0 to 100.|How loud, in percent.", "integer"),),
            "set the volume to {level} percent|volume {level} percent|volume to {level}|change the volume to {level} percent"
            "|make it {level} percent loud|turn the volume to {level}", "{pick ok|set}"),
    family("play_artist artist_radio play_band", "Play songs of an artist.|Play music by a band or singer."
            "|Start songs of one musician.", (
                slot("artist band singer", "artist", "The name of the artist.|Whose music to play."),),
            "play something by {artist}|play songs by {artist}|some music by {artist} please|I want to hear the artist {artist}"
            "|play music from {artist}|put on some {artist} songs", "{kind title}"),
    family("movie_times showtimes cinema_times", "Look up when a movie plays.|Find show times of a film."
            "|Check when the cinema shows a movie.", (
                slot("movie film title", "title", "The title of the movie.|Which film."),
                slot("city place location", "city", "The city of the cinema.|Where to watch.")),
            "when does {movie} play in {city}|movie times for {movie} in {city}|at what time is {movie} on in {city}"
            "|show times of {movie} in {city}|I want to see {movie} in {city}, when is it on|cinema times in {city} for {movie}",
            "* {kind time}"),
    family("sports_score get_score match_result", "Get the last score of a team.|Tell how a team played."
            "|Look up the result of a match.", (
                slot("team club name", "team", "The name of the team.|Which team."),),
            "what is the score of the {team}|how did the {team} play|did the {team} win|score of the {team} game"
            "|latest result of the {team}|what was the {team} score", "{int 0 9} to {int 0 9}"),
    family("tell_joke joke random_joke", "Tell a joke.|Get a funny joke.|Find a joke about something.", (
                slot("topic about subject", "topic", "What the joke is about.|The topic.", optional=True),),
            "tell me a joke|make me laugh with a joke|tell a joke about {topic}|do you know a joke about {topic}|a joke please"
            "|I want to hear a joke about {topic}", "why did the {kind word} laugh at the {kind word}?"),
    family("daily_quote get_quote quote random_quote", "Get a quote.|Find a quote of a person."
            "|Read something a person once said.", (
                slot("author person by", "person", "Who said it.|The author of the quote."),),
            "give me a quote by {author}|a quote from {author}|tell me a quote of {author}|find a quote by {author}"
            "|what is a good quote by {author}|quote {author}", "{kind word} is {kind word}."),
    family("horoscope get_horoscope star_sign", "Get the horoscope of a sign.|Read the stars for today."
            "|Tell what a zodiac sign can expect.", (choice(
                "sign zodiac star_sign", "aries|taurus|gemini|cancer|leo|virgo|libra|scorpio|sagittarius|capricorn|aquarius"
                "|pisces", "The zodiac sign.|Which star sign."),),
            "what is the horoscope for {sign}|horoscope for {sign}|read my horoscope, I am a {sign}|what do the stars say for"
            " {sign}|tell me the {sign} horoscope|{sign} horoscope please",
            "{pick love|work|money|luck} looks {pick good|bad|bright|slow}."),
)  # fmt: skip

KNOWLEDGE = (
    family("translate translate_text translator", "Translate words into a language.|Say something in another language."
            "|Turn a text into another language.", (
                slot("text words phrase", "message", "The text to translate.|What to say."),
                slot("language target to", "language", "The language to translate to.|Which language.")),
            "translate {text} to {language}|translate into {language}: {text}|how do you say {text} in {language}"
            "|what is {text} in {language}|say {text} in {language}|{language} translation of {text}",
            "{kind note}."),
    family("define_word dictionary definition lookup_word", "Look up what a word means.|Get the definition of a word."
            "|Explain a word of the language.", (
                slot("word term entry", "word", "The word to look up.|Which word."),),
            "what does {word} mean|define {word}|definition of {word}|look up the word {word}|what is the meaning of {word}"
            "|explain the word {word}", "a {pick kind|sort|type} of {kind word}"),
    family("spell_word spelling spell", "Spell a word.|Give the letters of a word."
            "|Tell how a word is written.", (
                slot("word term text", "word", "The word to spell.|Which word."),),
            "spell {word}|how do you spell {word}|spell the word {word}|give me the spelling of {word}|please spell {word}"
            "|how is {word} spelled", "{arg word}"),
    family("find_synonyms synonyms thesaurus", "Find words with the same meaning.|Get synonyms of a word."
            "|List other words for a word.", (
                slot("word term text", "word", "The word to find synonyms of.|Which word."),),
            "synonyms for {word}|find a synonym for {word}|another word for {word}|what is another word for {word}"
            "|words like {word}|give me synonyms of {word}", "* {kind word}"),
    family("web_search search google search_web", "Search the web.|Look something up online.|Find pages on the internet.", (
                slot("query q terms", "query", "What to search for.|The search words."),),
            "search the web for {query}|google {query}|look up {query} online|search for {query}|find {query} on the internet"
            "|do a web search for {query}", "* {kind url}"),
    family("wikipedia wiki wiki_summary encyclopedia", "Get a summary from Wikipedia.|Look up an article."
            "|Read about a topic in the encyclopedia.", (
                slot("topic title article", "topic", "The topic of the article.|What to read about."),),
            "what does wikipedia say about {topic}|wikipedia summary of {topic}|look up {topic} on wikipedia"
            "|wikipedia article on {topic}|summarize {topic} from wikipedia|read me the wikipedia page of {topic}",
            "a {kind word} about {kind word}"),
    family("get_news news headlines latest_news", "Get the latest news.|Read headlines about a topic."
            "|Find out what is going on.", (
                slot("topic subject about", "topic", "What the news is about.|The topic.", optional=True),),
            "what is the news about {topic}|news about {topic}|any news on {topic}|what is in the news|latest headlines"
            "|show me the news about {topic}|tell me the latest news", "* {kind title}"),
    family("country_capital capital_of capital", "Tell the capital of a country.|Look up a capital city."
            "|Name the main city of a country.", (
                slot("country nation state", "country", "The name of the country.|Which country."),),
            "what is the capital of {country}|capital of {country}|tell me the capital of {country}|which city is the capital of"
            " {country}|name the capital of {country}|look up the capital of {country}", "{kind city}"),
    family("get_population population people_count", "Tell how many people live in a city.|Get the population of a place."
            "|Count the inhabitants of a city.", (
                slot("city place town", "city", "The city to look up.|Which city."),),
            "how many people live in {city}|population of {city}|what is the population of {city}|tell me the population of"
            " {city}|how big is the population of {city}|number of people in {city}", "{int 1000 9999999}"),
)  # fmt: skip

MONEY = (
    family("convert_currency exchange currency exchange_money", "Convert money to another currency.|Exchange an amount."
            "|Change money from one currency to another.", (
                slot("amount value sum", "money", "The amount of money.|How much.", "number"),
                slot("from_currency source base", "currency_from", "The currency code to convert from.|The source code."),
                slot("to_currency target quote", "currency_to", "The currency code to convert to.|The target code.")),
            "convert {amount} {from_currency} to {to_currency}|how much is {amount} {from_currency} in {to_currency}"
            "|exchange {amount} {from_currency} for {to_currency}|{amount} {from_currency} in {to_currency}"
            "|what is {amount} {from_currency} in {to_currency}|change {amount} {from_currency} into {to_currency}",
            "{float 1 900 2}"),
    family("stock_price get_stock share_price quote_stock", "Get the price of a stock.|Look up a share price."
            "|Tell what a share costs now.", (
                slot("symbol ticker stock", "ticker", "The ticker symbol.|The symbol of the stock."),),
            "what is the price of {symbol}|stock price of {symbol}|how is {symbol} doing|price of {symbol} stock"
            "|check the stock {symbol}|what does a share of {symbol} cost|quote for {symbol} shares", "{float 5 900 2}"),
    family("calculate_tip tip tip_amount", "Work out a tip.|Get the tip of a bill."
            "|Say how much to tip a waiter.", (
                slot("amount bill total", "money", "The amount of the bill.|The bill in dollars.", "number"),
                slot("percent rate tip", "tip", "The tip in percent.|How many percent.", "integer")),
            "what is a {percent} percent tip on {amount}|tip {percent} percent on a bill of {amount}|how much is a {percent}"
            " percent tip on {amount} dollars|work out a {percent} percent tip for {amount}|{percent} percent tip on {amount}"
            "|my bill is {amount}, give a {percent} percent tip", "{calc amount * percent / 100}"),
    family("add_tax sales_tax tax tax_amount", "Work out the tax on a price.|Get the tax for an amount."
            "|Compute sales tax for a price.", (
                slot("price amount net", "money", "The price before tax.|The amount without tax.", "number"),
                slot("rate percent tax", "tip", "The tax rate in percent.|How many percent tax.", "integer")),
            "what is {rate} percent tax on {price}|how much tax is {rate} percent on {price}|tax on {price} at {rate} percent"
            "|work out {rate} percent tax for {price}|add {rate} percent tax to {price}|tax for a price of {price} with {rate}"
            " percent", "{calc price * rate / 100}"),
    family("unit_price price_each price_per_item", "Work out the price of one piece.|Price of each item in a pack."
            "|Divide the price of a pack.", (
                slot("price total cost", "money", "The price of all pieces.|What the pack costs.", "number"),
                slot("count pieces quantity", "count", "How many pieces.|The number of items.", "integer")),
            "what is the price of each if {count} cost {price}|{count} pieces cost {price}, how much is one|unit price of"
            " {count} pieces for {price}|{count} for {price}, what is one|price per piece for {count} at {price}"
            "|a pack of {count} costs {price}, how much is each", "{calc price / count}"),
    family("split_bill share_bill divide_bill", "Split a bill between people.|Share the cost of a bill."
            "|Tell what each person has to pay.", (
                slot("amount bill total", "money", "The amount of the bill.|What was paid.", "number"),
                slot("people persons friends", "people", "How many people share it.|The number of people.", "integer")),
            "split {amount} between {people} people|split a bill of {amount} among {people} people|divide {amount} by {people}"
            " people|we are {people} people and the bill is {amount}, split it|share {amount} between {people} friends"
            "|how much does each of {people} people pay for {amount}", "{calc amount / people}"),
    family("bank_balance get_balance account_balance", "Get the balance of an account.|Tell how much money is left."
            "|Check the money in a bank account.", (choice(
                "account kind type", "checking|savings|credit", "Which account.|The kind of account."),),
            "what is the balance of my {account} account|how much money is in my {account} account|balance of {account}"
            "|check my {account} account|show my {account} balance|how much do I have in {account}", "{float 10 9000 2}"),
    family("transfer_money send_money pay wire_money", "Send money to a person.|Transfer an amount to someone."
            "|Pay someone from the bank account.", (
                slot("amount sum value", "money", "How much to send.|The amount in dollars.", "number"),
                slot("recipient to person", "person", "Who gets the money.|The name of the person.")),
            "send {amount} dollars to {recipient}|transfer {amount} to {recipient}|pay {recipient} {amount} dollars"
            "|wire {amount} dollars to {recipient}|give {recipient} {amount} dollars|send {recipient} {amount}",
            "{pick sent|done|ok}"),
)  # fmt: skip

PEOPLE = (
    family("send_message text_person message send_text", "Send a text message.|Write a message to a person."
            "|Tell a contact something by text.", (
                slot("recipient to contact", "contact", "Who gets the message.|The person to write to."),
                slot("text message body", "message", "The text of the message.|What to say.")),
            "send a message to {recipient}: {text}|text {recipient}: {text}|message {recipient} saying {text}|tell {recipient}:"
            " {text}|write to {recipient}: {text}|send {recipient} the message {text}", "{pick sent|delivered|ok}"),
    family("send_email email mail write_email", "Send an email.|Write an email to an address."
            "|Deliver a text by electronic mail.", (
                slot("address to recipient", "email", "The email address.|Where to send it."),
                slot("text body message", "message", "The text of the email.|What to write.")),
            "email {address}: {text}|send an email to {address} saying {text}|mail {address}: {text}|write an email to {address}:"
            " {text}|send {address} an email: {text}|new email to {address}: {text}", "{pick sent|ok}"),
    family("call_contact call phone make_call", "Call a person.|Start a phone call.|Ring a contact.", (
                slot("contact name person", "contact", "Who to call.|The name of the contact."),),
            "call {contact}|phone {contact}|please call {contact}|ring {contact}|give {contact} a call|start a call with {contact}"
            "|I want to talk to {contact}", "{pick calling|ringing}"),
    family("dial_number dial call_number", "Dial a phone number.|Call a number."
            "|Phone a number directly.", (
                slot("number phone digits", "phone", "The phone number.|Which number to dial."),),
            "dial {number}|call the number {number}|dial the number {number}|please dial {number}|phone number {number}, call it"
            "|make a call to {number}", "{pick dialing|ringing}"),
    family("add_contact new_contact save_contact", "Save a new contact.|Add a person to the contacts."
            "|Store the phone number of a person.", (
                slot("name person contact", "person", "The name of the person.|Who it is."),
                slot("number phone tel", "phone", "The phone number.|The number of the person.")),
            "add {name} to my contacts with {number}|save the number {number} for {name}|new contact {name}, {number}"
            "|store {number} as {name}|the number of {name} is {number}, save it|add contact {name} with number {number}",
            "{pick saved|added}"),
    family("find_birthday get_birthday birthday", "Tell the birthday of a person.|Look up a birthday."
            "|Find out when someone was born.", (
                slot("person name who", "person", "Whose birthday.|The name of the person."),),
            "when is the birthday of {person}|birthday of {person}|when was {person} born|look up the birthday of {person}"
            "|tell me the birthday of {person}|what day is the birthday of {person}", "{int 1 28} {kind month}"),
)  # fmt: skip

TRAVEL = (
    family("get_distance distance how_far", "Get the distance between two cities.|Tell how far places are apart."
            "|Measure the way between two cities.", (
                slot("origin start from_city", "city_from", "The city to start from.|Where it starts."),
                slot("destination goal to_city", "city_to", "The city to go to.|Where it ends.")),
            "how far is it from {origin} to {destination}|distance from {origin} to {destination}|how far is {destination} from"
            " {origin}|distance between {origin} and {destination}|how many km from {origin} to {destination}|what is the"
            " distance from {origin} to {destination}", "{int 20 9000}"),
    family("navigate directions start_navigation route_to", "Start navigation to a place.|Find the way to a place."
            "|Guide the user to a destination.", (
                slot("destination place to", "city", "Where to go.|The place to reach."),
                choice("mode by vehicle", "car|bike|foot|bus", "How to travel.|The way of travel.", optional=True)),
            "navigate to {destination}|take me to {destination}|directions to {destination}|how do I get to {destination} by"
            " {mode}|start navigation to {destination}|route to {destination} by {mode}|show me the way to {destination}",
            "minutes = {int 5 600}"),
    family("flight_status check_flight track_flight", "Check the status of a flight.|Tell if a flight is on time."
            "|Look up a flight by its number.", (
                slot("flight number code", "flight", "The flight number.|Which flight."),),
            "what is the status of flight {flight}|is flight {flight} on time|check flight {flight}|status of {flight}"
            "|when does flight {flight} land|track flight {flight}", "{pick on time|delayed|landed|boarding|cancelled}"),
    family("book_flight reserve_flight buy_flight", "Book a flight.|Buy a plane ticket."
            "|Reserve a seat on a plane.", (
                slot("origin start from_city", "city_from", "The city to fly from.|Where it starts."),
                slot("destination goal to_city", "city_to", "The city to fly to.|Where it lands."),
                slot("date day when", "date", "The day of the flight.|When to fly.")),
            "book a flight from {origin} to {destination} for {date}|fly me from {origin} to {destination} on {date}"
            "|I need a flight from {origin} to {destination}, {date}|book {date} a flight from {origin} to {destination}"
            "|plane ticket from {origin} to {destination} for {date}|reserve a flight to {destination} from {origin}, {date}",
            "{kind flight}"),
    family("train_departure next_train train_times", "Find the next train.|Tell when a train leaves."
            "|Look up trains between two stations.", (
                slot("origin start from_city", "city_from", "The station to start from.|Where it starts."),
                slot("destination goal to_city", "city_to", "The station to go to.|Where it ends.")),
            "when is the next train from {origin} to {destination}|next train from {origin} to {destination}|train from {origin}"
            " to {destination}|when does the train from {origin} to {destination} leave|I need a train from {origin} to"
            " {destination}|find a train to {destination} from {origin}", "time = {kind time}; track = {int 1 24}"),
    family("book_hotel find_hotel reserve_room", "Book a hotel.|Reserve a hotel in a city."
            "|Get a room for some nights.", (
                slot("city place location", "city", "The city of the hotel.|Where to stay."),
                slot("nights days stay", "small_int", "How many nights.|The number of nights.", "integer")),
            "book a hotel in {city} for {nights} nights|find a hotel in {city} for {nights} nights|I need a hotel in {city} for"
            " {nights} nights|reserve {nights} nights in a hotel in {city}|hotel in {city}, {nights} nights|{nights} nights in"
            " {city}, find a hotel", "hotel {kind word}"),
    family("call_taxi order_taxi get_ride book_taxi", "Order a taxi.|Get a ride to a place."
            "|Send a cab for the user.", (
                slot("destination place to", "city", "Where to go.|The place to go to."),),
            "order a taxi to {destination}|I need a taxi to {destination}|call a cab to {destination}|get me a ride to"
            " {destination}|taxi to {destination} please|book a taxi to {destination}", "{int 2 30} minutes"),
    family("track_package package_status track_order", "Track a package.|Tell where a parcel is."
            "|Look up a shipment by its number.", (
                slot("number code tracking", "parcel", "The tracking number.|The number of the parcel."),),
            "where is my package {number}|track package {number}|track {number}|status of the parcel {number}|when does parcel"
            " {number} arrive|find my parcel {number}", "{pick in transit|delivered|delayed|shipped} in {kind city}"),
    family("cancel_order stop_order revoke_order", "Cancel an order.|Stop an order from a shop."
            "|Call off something that was bought.", (
                slot("order order_id number", "order", "The order number.|Which order."),),
            "cancel order {order}|cancel my order {order}|please cancel {order}|stop the order {order}|I do not want order {order}"
            " any more|order {order} should be cancelled", "{pick cancelled|done|ok}"),
)  # fmt: skip

FOOD = (
    family("find_restaurant restaurants search_restaurants", "Find a restaurant.|Look for places to eat."
            "|Suggest where to have a dish.", (
                slot("food cuisine dish", "food", "What to eat.|The kind of food."),
                slot("city place location", "city", "The city to look in.|Where to eat.")),
            "find a restaurant with {food} in {city}|where can I eat {food} in {city}|restaurants with {food} in {city}|I want"
            " {food} in {city}|look for {food} in {city}|good {food} places in {city}", "* {kind title}"),
    family("book_table reserve_table restaurant_booking", "Book a table.|Reserve a table in a restaurant."
            "|Hold a table for some guests.", (
                slot("restaurant name place", "title", "The name of the restaurant.|Which restaurant."),
                slot("people guests persons", "people", "How many people.|The number of guests.", "integer"),
                slot("time at when", "time", "The time of the booking.|When to come.")),
            "book a table at {restaurant} for {people} people at {time}|reserve a table for {people} people in {restaurant} at"
            " {time}|table for {people} people, {time}, at {restaurant}|I want a table at {restaurant} for {people} at {time}"
            "|at {time} book {restaurant} for {people} people|get us a table for {people} people at {time} in {restaurant}",
            "{pick booked|confirmed|ok}"),
    family("find_recipe recipe search_recipe cook", "Find a recipe.|Tell how to cook a dish."
            "|List what a dish is made of.", (
                slot("dish food name", "food", "The dish to cook.|Which dish."),),
            "find a recipe for {dish}|how do I cook {dish}|recipe for {dish}|how to make {dish}|I want to cook {dish}|show me a"
            " {dish} recipe|look up how to cook {dish}", "* {kind item}"),
    family("get_calories calories nutrition count_calories", "Get the calories of a food.|Look up how much energy food has."
            "|Tell how many calories a food has.", (
                slot("food dish item", "food", "The food to look up.|Which food."),
                slot("grams amount weight", "grams", "The amount in grams.|How many grams.", "integer", optional=True)),
            "how many calories are in {food}|calories of {food}|calories in {grams} grams of {food}|how many calories do {grams}"
            " grams of {food} have|look up the calories for {food}|energy of {grams} grams {food}", "{int 20 900}"),
    family("order_drink order_coffee get_drink", "Order a drink.|Get something to drink."
            "|Buy a drink of some size.", (
                slot("drink beverage name", "drink", "The drink to order.|Which drink."),
                choice("size cup volume", "small|medium|large", "The size of the drink.|How big it is.",
                        {"large": ("large", "big"), "small": ("small", "little")})),
            "order a {size} {drink}|I want a {size} {drink}|get me a {size} {drink}|one {size} {drink} please|can I have a {size}"
            " {drink}|a {size} {drink} for me", "{pick ordered|ok}"),
)  # fmt: skip

CHANCE = (
    family("random_number pick_number random", "Pick a random number.|Get a number between two bounds."
            "|Draw a number by chance.", (
                slot("low minimum start", "low", "The lowest number.|Where the range starts.", "integer"),
                slot("high maximum end", "high", "The highest number.|Where the range ends.", "integer")),
            "pick a number between {low} and {high}|random number from {low} to {high}|give me a random number between {low} and"
            " {high}|choose a number from {low} to {high}|draw a number between {low} and {high}|any number from {low} to {high}",
            "{int low high}"),
    family("flip_coin toss_coin coin heads_or_tails", "Flip a coin.|Toss a coin.|Get heads or tails.", (),
            "flip a coin|toss a coin|heads or tails|flip a coin for me|throw a coin|please toss a coin",
            "{pick heads|tails}"),
    family("make_password generate_password new_password", "Make a new password.|Generate a random password."
            "|Invent a secret of some length.", (
                slot("length size characters", "length", "How many characters.|The length of the password.", "integer"),),
            "make a password with {length} characters|generate a password of {length} characters|new password, {length} characters"
            "|I need a password with {length} letters|create a {length} character password|give me a {length} character password",
            "{secret length}"),
    family("make_qr_code qr_code create_qr", "Make a QR code.|Create a QR code of an address."
            "|Turn a link into a square code.", (
                slot("content url text", "url", "What the code contains.|The address in the code."),),
            "make a qr code for {content}|qr code of {content}|create a qr code with {content}|turn {content} into a qr code"
            "|I need a qr code for {content}|generate a qr code for {content}", "{kind image}"),
    family("body_mass bmi body_mass_index", "Work out the body mass index.|Get the BMI of a person."
            "|Judge weight and height of a person.", (
                slot("weight kilos kg", "weight", "The weight in kg.|How heavy, in kg.", "integer"),
                slot("height size cm", "height", "The height in cm.|How tall, in cm.", "integer")),
            "what is my bmi with {weight} kg and {height} cm|bmi for {weight} kg and {height} cm|I weigh {weight} kg and I am"
            " {height} cm tall, what is my bmi|work out the bmi of {height} cm and {weight} kg|body mass index of {weight} kg at"
            " {height} cm|my height is {height} cm and my weight {weight} kg, get my bmi",
            "{calc weight * 10000 / height / height}"),
    family("is_prime prime_check check_prime", "Check if a number is prime.|Test a number for primes."
            "|Tell whether a number is prime.", (
                slot("number value n", "high", "The number to check.|Which number.", "integer"),),
            "is {number} a prime number|is {number} prime|check if {number} is prime|test if {number} is a prime|tell me if {number}"
            " is prime|prime check for {number}", "{prime number}"),
)  # fmt: skip

COMPUTER = (
    family("delete_file remove_file erase_file", "Delete a file.|Remove a file for good."
            "|Throw a file away.", (
                slot("path file filename", "path", "The file to delete.|Which file."),),
            "delete {path}|delete the file {path}|remove {path}|please erase {path}|get rid of {path}|I do not need {path}, delete"
            " it", "{pick deleted|done}"),
    family("rename_file move_file change_name", "Rename a file.|Give a file a new name."
            "|Call a file something else.", (
                slot("path old source", "path", "The file to rename.|The old name."),
                slot("new_path new target", "path_to", "The new name.|What to call it.")),
            "rename {path} to {new_path}|change the name of {path} to {new_path}|rename the file {path} to {new_path}|call {path}"
            " {new_path} from now on|move {path} to {new_path}|please rename {path} into {new_path}", "{pick renamed|done|ok}"),
    family("create_file new_file make_file touch", "Create an empty file.|Make a new file."
            "|Start a file with nothing in it.", (
                slot("path file filename", "path", "The path of the new file.|What to call it."),),
            "create a file {path}|make a new file {path}|create {path}|new file {path}|please create an empty file {path}"
            "|start a new file called {path}", "{pick created|ok}"),
    family("make_folder create_folder mkdir new_folder", "Create a folder.|Make a new folder."
            "|Add a directory for files.", (
                slot("folder directory name", "folder", "The path of the new folder.|What to call it."),),
            "create a folder {folder}|make a folder called {folder}|new folder {folder}|make the folder {folder}|please create the"
            " folder {folder}|I need a new folder {folder}", "{pick created|ok}"),
    family("disk_space free_space storage_left", "Tell how much disk space is left.|Get the free storage."
            "|Check how full the disk is.", (),
            "how much disk space is left|free disk space|is my disk full|how much storage do I have|check the disk space"
            "|how many gigabytes are free", "free = {int 1 900} GB"),
    family("battery_level get_battery check_battery", "Get the battery level.|Tell how full the battery is."
            "|Check how much charge is left.", (),
            "how full is the battery|battery level|what is my battery level|how much battery is left|check the battery|do I need"
            " to charge", "{int 1 100}"),
    family("take_screenshot screenshot capture_screen", "Take a screenshot.|Save a picture of the screen."
            "|Capture what the display shows.", (),
            "take a screenshot|screenshot please|capture the screen|save what is on my screen|make a screenshot|take a picture of"
            " my screen", "{kind image}"),
    family("set_brightness screen_brightness dim_screen", "Set the screen brightness.|Make the screen brighter or darker."
            "|Change how bright the display is.", (
                slot("percent level brightness", "percent", "The brightness in percent.|How bright, 0 to 100.", "integer"),),
            "set the screen brightness to {percent} percent|brightness to {percent} percent|dim the screen to {percent} percent"
            "|make my screen {percent} percent bright|screen at {percent} percent|change the brightness of the screen to {percent}",
            "{pick ok|set}"),
    family("set_wifi wifi toggle_wifi", "Turn wifi on or off.|Change the state of wifi."
            "|Switch the wireless network.", (
                flag("enabled on active", "on", "off", "Whether wifi is on.|True for on."),),
            "turn wifi {enabled}|turn {enabled} the wifi|switch {enabled} wifi|wifi {enabled}|please turn the wifi {enabled}"
            "|switch my wifi {enabled}", "{pick ok|done}"),
    family("set_bluetooth bluetooth toggle_bluetooth", "Turn bluetooth on or off.|Change the state of bluetooth."
            "|Switch the bluetooth radio.", (
                flag("enabled on active", "on", "off", "Whether bluetooth is on.|True for on."),),
            "turn bluetooth {enabled}|turn {enabled} bluetooth|switch {enabled} bluetooth|bluetooth {enabled}|please turn the"
            " bluetooth {enabled}|switch my bluetooth {enabled}", "{pick ok|done}"),
    family("open_app launch_app start_app", "Open an app.|Launch a program."
            "|Start an application by its name.", (
                slot("app name program", "app", "The name of the app.|Which app to open."),),
            "open the app {app}|open {app}|launch {app}|start the {app} app|please open {app}|go to the {app} app",
            "{pick opened|ok}"),
    family("count_words word_count words_in", "Count the words of a file.|Tell how long a file is."
            "|Count how many words a text has.", (
                slot("path file filename", "path", "The file to count.|Which file."),),
            "how many words are in {path}|count the words in {path}|word count of {path}|how long is {path} in words|number of words"
            " in {path}|tell me the word count of {path}", "{int 3 9000}"),
    family("run_backup backup save_backup", "Back up a folder.|Save a copy of a folder."
            "|Keep a folder safe with a copy.", (
                slot("folder directory path", "folder", "The folder to back up.|Which folder."),),
            "back up {folder}|make a backup of {folder}|back up the folder {folder}|save a copy of the folder {folder}|run a backup"
            " of {folder}|please back up my folder {folder}", "{pick saved|done}"),
    family("add_items add_all bulk_add", "Add several things to a list.|Put many items on the list."
            "|Remember several things to buy.", (
                slot("items things products", "items", "The items to add.|All things to buy.", "array"),),
            "add {items} to the shopping list|put {items} on the list|add {items} to my list|we need {items}, add them to the list"
            "|put {items} on my shopping list|I have to buy {items}, put them on the list", "{pick added|ok}"),
)  # fmt: skip

FAMILIES = (*READY_MADE, *HOME, *TIME, *HOUSE, *MEDIA, *KNOWLEDGE, *MONEY, *PEOPLE, *TRAVEL, *FOOD, *CHANCE, *COMPUTER)
HELD_OUT_NAMES = frozenset({"add_tax", "start_vacuum", "book_hotel", "find_synonyms", "open_app", "train_departure"})
HELD_OUT = tuple(one for one in FAMILIES if one.name in HELD_OUT_NAMES)
KNOWN = tuple(one for one in FAMILIES if one.name not in HELD_OUT_NAMES)
TRAINED = (*KNOWN, *EVERYDAY)

# Families that would serve each other's requests: never offer two of one set together.
_CLASHES: tuple[frozenset[str], ...] = tuple(frozenset(names.split()) for names in (
    "find_notes find_text", "play_music play_artist", "add_item add_items", "send_message send_email", "web_search wikipedia",
    "define_word find_synonyms wikipedia web_search", "add_note create_file", "set_alarm add_reminder", "read_file http_get",
    "call_contact dial_number", "turn_on set_wifi set_bluetooth set_light", "turn_off set_wifi set_bluetooth set_light",
    "add_tax calculate_tip", "take_snapshot take_screenshot", "delete_file cancel_order", "get_distance train_departure",
    "train_departure book_flight", "find_recipe get_calories find_restaurant", "open_app turn_on http_get start_vacuum",
    "read_file open_app", "pause_music turn_off", "http_get read_file web_search", "set_temperature set_light",
    "calculate unit_price split_bill", "add_note add_reminder add_event", "list_events add_event", "water_plants start_timer",
))  # fmt: skip
# An everyday family and those that would serve its requests, or it theirs: pairs of the first with each of the others, so
# that none of the older ones is kept apart from another by a newer one.
_EVERYDAY_CLASHES: tuple[frozenset[str], ...] = tuple(
    frozenset((newer, other)) for newer, *others in map(str.split, (
        "exchange_rate convert_currency", "unit_factor convert_units", "drive_time get_distance navigate", "move_files rename_file run_backup",
        "swap_words find_text", "hand_over_task assign_ticket assign_chore", "block_hours add_event book_meeting_room silent_mode",
        "money_between transfer_money standing_order give_pocket_money", "fixture_result sports_score league_table keep_score", "text_languages translate learn_word",
        "log_medicine note_symptoms", "note_symptoms vet_appointment book_doctor", "vet_appointment report_lost_pet", "log_workout running_pace",
        "log_workout join_class reserve_court start_timer", "league_table sports_score", "count_steps log_workout", "book_doctor add_event add_reminder",
        "log_sleep set_alarm", "feeding_log note_symptoms log_growth", "give_pocket_money transfer_money", "assign_chore wash_laundry",
        "wish_list add_note add_item add_items", "preheat_oven set_temperature turn_on", "brew_coffee order_drink turn_on", "wash_laundry turn_on",
        "fridge_check add_item expiry_date find_recipe", "expiry_date add_note add_reminder", "borrow_book renew_loan read_file", "concert_tickets play_artist movie_times",
        "set_metronome start_timer start_stopwatch", "tune_instrument play_music", "scale_recipe calculate find_recipe get_calories unit_price",
        "keep_score sports_score roll_dice", "game_rules wikipedia web_search define_word", "museum_hours wikipedia web_search add_event",
        "log_growth log_blood_pressure body_mass", "clothes_size convert_units", "ski_report get_weather wind_speed", "identify_plant find_photos take_snapshot",
        "mow_lawn water_plants turn_on", "planting_calendar water_plants wikipedia web_search", "find_pharmacy find_restaurant web_search", "care_visit book_doctor hire_babysitter assign_chore",
        "change_case translate reverse_text spell_word", "count_letter count_words spell_word", "reverse_text spell_word solve_anagram", "find_rhyme find_synonyms define_word solve_anagram",
        "summarise_document read_file count_words wikipedia find_text", "detect_language translate define_word", "learn_word translate define_word add_note spell_word", "solve_anagram spell_word define_word",
        "circle_area calculate convert_units right_triangle", "right_triangle calculate get_distance", "mean calculate random_number split_bill", "to_binary convert_units roman_numeral calculate is_prime",
        "loan_payment calculate convert_currency calculate_tip unit_price split_bill", "week_number days_until date_plus_days list_events", "date_plus_days days_until calculate add_reminder start_timer list_events",
        "age_from_year find_birthday calculate days_until", "tide_times sunset_time moon_phase get_weather", "pollen_count air_quality get_weather wind_speed", "sunset_time current_time get_weather star_visible",
        "moon_phase star_visible sunset_time", "planet_facts star_visible wikipedia web_search define_word", "molar_mass wikipedia web_search define_word", "bird_sighting wikipedia add_note",
        "earthquakes get_news web_search", "restart_service deploy_version rollback_release", "server_load ping_host tail_logs restart_service disk_space", "tail_logs read_file find_text",
        "create_branch merge_branch create_file", "count_rows count_words add_index", "block_ip block_caller", "ping_host domain_owner http_get", "domain_owner http_get web_search",
        "silent_mode set_volume start_timer mute_chat", "block_caller dial_number add_contact forward_calls", "data_usage disk_space", "forward_calls call_contact dial_number",
        "mute_chat create_group silent_mode", "create_group send_message add_contact call_contact", "crop_image rotate_image read_file", "make_album find_photos make_folder add_event", "find_photos web_search find_birthday",
        "print_document read_file scan_paper", "scan_paper create_file take_snapshot", "order_supplies add_item add_items order_drink", "book_meeting_room add_event book_table reserve_court arrange_viewing",
        "set_cell sum_column add_note", "sort_table read_file", "sum_column calculate mean", "out_of_office send_email add_note add_reminder request_leave", "poll_team send_message create_group",
        "open_ticket ticket_status assign_ticket insurance_claim", "ticket_status assign_ticket track_package", "assign_ticket assign_chore", "request_leave report_sick add_event", "report_sick excuse_pupil note_symptoms",
        "log_hours log_sleep log_workout", "file_expense list_payments transfer_money insurance_claim", "apply_job average_salary send_email", "onboard_employee add_contact add_event",
        "add_homework add_note add_reminder plan_exam", "enter_grade keep_score", "class_timetable list_events", "excuse_pupil note_symptoms send_message vet_appointment", "find_tutor learn_word", "plan_exam add_event add_reminder",
        "freeze_card cancel_order block_caller", "list_payments bank_balance", "savings_goal transfer_money standing_order", "standing_order transfer_money give_pocket_money", "insurance_quote insurance_claim unit_price",
        "find_lawyer web_search find_tutor", "polling_place election_result navigate", "election_result get_news web_search wikipedia", "request_document scan_paper print_document", "rent_level find_lawyer average_salary web_search",
        "arrange_viewing add_event", "meter_reading set_cell solar_output",
        "switch_light turn_on turn_off set_light set_scene set_power", "set_power turn_on turn_off run_appliance mute_device set_wifi set_bluetooth set_light halt_machine brew_coffee wash_laundry preheat_oven fan_speed",
        "run_appliance turn_on turn_off pause_music brew_coffee wash_laundry mow_lawn halt_machine start_timer", "set_heating set_temperature preheat_oven", "fan_speed turn_on turn_off set_window", "set_window set_blinds",
        "set_lock lock_door open_garage", "arm_security set_alarm lock_door", "set_scene set_light movie_times set_blinds", "airplane_mode set_wifi set_bluetooth silent_mode", "dark_mode set_brightness set_light",
        "mute_device set_volume silent_mode pause_music turn_off",
        "find_parking traffic_jams navigate unlock_bike", "fuel_price charge_car stock_price", "charge_car battery_level", "car_service insurance_claim charge_car", "rent_car call_taxi unlock_bike rent_level",
        "traffic_jams navigate get_distance", "bus_arrival navigate train_departure call_taxi", "buy_bus_pass bus_arrival concert_tickets train_departure", "speed_limit wind_speed visa_rules",
        "check_in_flight book_flight flight_status", "add_baggage book_flight send_parcel lost_luggage check_in_flight", "lost_luggage track_package flight_status report_lost_pet", "ship_position track_package flight_status",
        "book_ferry book_flight train_departure navigate get_distance ship_position", "send_parcel track_package redirect_delivery", "redirect_delivery track_package navigate", "return_item cancel_order redeem_coupon",
        "compare_prices price_alert stock_price unit_price", "price_alert stock_price add_reminder", "stock_level fridge_check move_stock reorder_goods", "move_stock reorder_goods order_supplies transfer_money",
        "reorder_goods order_supplies add_item add_items", "halt_machine turn_off machine_output", "schedule_maintenance add_event car_service halt_machine add_reminder", "log_harvest bird_sighting add_note milk_yield",
        "milk_yield feeding_log", "admit_patient book_doctor note_symptoms report_sick visiting_hours excuse_pupil", "visiting_hours museum_hours", "visa_rules wikipedia web_search request_document", "write_review send_message",
        "remove_item add_item add_items", "remind_at_place add_reminder add_note", "play_podcast play_music play_artist", "tune_radio play_music play_artist get_news",
        "add_to_playlist play_music make_album", "seek_media next_song", "share_photo find_photos send_message", "resize_photo crop_image rotate_image",
        "energy_use meter_reading solar_output", "create_guest_key set_lock lock_door", "who_is_at_door take_snapshot", "broadcast_message send_message",
        "read_unread_messages check_voicemail send_message search_emails", "missed_calls check_voicemail", "decline_call block_caller silent_mode", "set_screen_timeout set_brightness",
        "set_font_size dark_mode", "toggle_hotspot set_wifi data_usage", "add_stop navigate", "avoid_on_route navigate traffic_jams", "plan_transit bus_arrival navigate train_departure",
        "log_water order_drink", "log_weight body_mass log_growth", "next_match sports_score league_table fixture_result", "ingredient_substitute find_recipe",
        "roasting_time preheat_oven start_timer", "dispense_pet_food feeding_log", "time_difference current_time get_distance", "pronounce_word spell_word translate",
        "log_spending list_payments file_expense", "packing_list add_items",
    )) for other in others)  # fmt: skip
COMMON = 7
"""So many families have names with a word that says only what is done: get, set, add."""


def _alike(newer: Sequence[Family], pool: Sequence[Family]) -> Iterator[frozenset[str]]:
    """The newer families with each of the pool whose names share a word that is not common."""
    named: dict[str, set[str]] = {}  # the families that have a word in one of their names
    for known in pool:
        for word in "_".join(known.names).split("_"):
            named.setdefault(word, set()).add(known.name)
    for one in newer:
        for word in dict.fromkeys("_".join(one.names).split("_")):
            if len(named[word]) < COMMON:
                yield from (frozenset((one.name, other)) for other in sorted(named[word] - {one.name}))


def _clashing(groups: Iterable[frozenset[str]]) -> dict[str, frozenset[str]]:
    """For each family all that are in a group with it, and itself."""
    found: dict[str, set[str]] = {}
    for group in groups:
        for name in group:
            found.setdefault(name, set()).update(group)
    return {name: frozenset(others) for name, others in found.items()}


CLASHES = _clashing((*_CLASHES, *_EVERYDAY_CLASHES, *_alike(NEWER, TRAINED)))
"""The families that could serve a family's requests, or it theirs. None of them is in view with it."""

# Families that could serve almost any request: not to be offered where a request shall be refused.
OPEN_ENDED = frozenset({"web_search", "wikipedia", "get_news", "tell_joke", "translate", "define_word", "http_get"})
