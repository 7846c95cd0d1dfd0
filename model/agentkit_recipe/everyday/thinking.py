# ruff: noqa: E501 (tables of phrasings)
"""Text, figures, nature and machines that compute: words, dates, mathematics, the sky, servers, code, phones, pictures."""

from __future__ import annotations

from ..tables import choice, family, flag, slot

WORDS = (
    family("change_case uppercase set_case letter_case", "Write a text in capital or small letters.|Change the case of letters.|Turn words into upper or lower case.", (
        slot("text words phrase", "message", "The text to change.|Which words."),
        choice("case style form", "upper|lower|title", "Which letters.|The wanted case.", {"upper": ("capital letters", "upper case", "capitals"), "lower": ("small letters", "lower case"), "title": ("title case", "headline style")})),
        """put this in {case}: {text}|in {case}: {text}|I need it in {case}: {text}|{case}, please: {text}|how does it look in {case}: {text}|make {case} out of these words: {text}|with {case} only: {text}|turn it into {case}: {text}""",
        "{work cased text case}"),
    family("count_letter letter_count occurrences_of_letter", "Count how often a letter is in a word.|Tell how many times a letter occurs.|Get the number of one letter in a word.", (
        slot("letter character char", "letter", "The letter.|Which letter."), slot("word text term", "word", "The word.|Where to count.")),
        """how many times is the letter {letter} in {word}|count the {letter} in {word}|how often does {letter} occur in {word}|letter {letter} in the word {word}|does {word} have more than one {letter}|in {word}, how many {letter} do you see|number of {letter} in {word}
        |I wonder how many {letter} the word {word} has""",
        "{work occurrences word letter}"),
    family("reverse_text backwards mirror_word", "Write a word backwards.|Reverse the order of letters.|Mirror a word from its end.", (slot("word text term", "word", "The word.|What to reverse."),),
        """what is {word} backwards|reverse {word}|write {word} from the end|spell {word} back to front|{word} in reverse|how does {word} read from right to left|turn {word} around, letter by letter|mirror the word {word}""",
        "{work backwards word}"),
    family("find_rhyme rhymes rhyme_search", "Find a rhyme.|Tell what rhymes with a word.|Get words that end in the same sound.", (slot("word term sound", "word", "The word.|What has to rhyme."),),
        """what rhymes with {word}|a rhyme for {word}|rhymes, {word}|my poem needs something that sounds like {word}|I am stuck with {word} at the end of a verse|give me a word ending like {word}|does anything rhyme with {word}|which words have the sound of {word}""",
        "* {kind word}"),
    family("summarise_document sum_up shorten_text digest", "Sum up a document in some sentences.|Make a short version of a long text.|Tell the main points of a paper.", (
        slot("path document file", "path", "The document.|Which file."), slot("sentences length limit", "people", "How many sentences.|The length of the summary.", "integer", optional=True)),
        """sum up {path}|give me the gist of {path}|{path} in {sentences} sentences|I have no time for {path}, what are the main points|boil {path} down to {sentences} sentences|summary of {path}|too long, did not read: {path}|what is {path} about, in at most {sentences} sentences""",
        "it is about {kind topic}"),
    family("detect_language which_language guess_language", "Tell which language a text is in.|Recognise the tongue of some words.|Name the language of a message.", (slot("text words sample", "message", "The text.|Which words."),),
        """which language is this: {text}|what language is it when someone says {text}|I got a message I can not place: {text}|recognise the language: {text}|is this Dutch or what: {text}|name that tongue: {text}|language of the words {text}|someone wrote me {text}, where does that language come from""",
        "{kind language}"),
    family("learn_word add_flashcard vocabulary_card", "Make a flash card of a foreign word.|Add a word to the vocabulary trainer.|Save a word to learn.", (
        slot("word term front", "word", "The word to learn.|The front of the card."), slot("language tongue deck", "language", "The language.|In which deck.")),
        """I want to learn {word} in {language}|flash card {word}, {language}|put {word} into my {language} deck|a {language} card for {word}|drill me on {word} in {language} later|my {language} vocabulary lacks {word}|new {language} word to learn: {word}|{language} cards: {word}""",
        "{int 2 400} cards"),
    family("solve_anagram anagram unscramble", "Find a word made of the same letters.|Solve an anagram.|Put mixed letters in order.", (slot("letters jumble input", "letters", "The mixed letters.|What to unscramble."),),
        """which word can you make of {letters}|unscramble {letters}|anagram {letters}|what hides behind the letters {letters}|I have the letters {letters}, is there a word in them|rearrange {letters}|{letters} are mixed up, what was the word|put {letters} in the right order""",
        "{kind word}"),
)  # fmt: skip

FIGURES = (
    family("circle_area area_of_circle disc_area", "Get the area of a circle.|Work out how large a round thing is.|Tell the surface inside a circle.", (slot("radius r half_width", "length_cm", "The radius in cm.|From the middle to the edge.", "integer"),),
        """area of a circle with radius {radius} cm|how large is a circle with a radius of {radius} cm|a round plate has radius {radius}, what is its area|circle, r = {radius}, area|what area has a disc of radius {radius}|I drew a circle {radius} cm from middle to edge, how big is its area
        |surface of a round table, radius {radius} cm|how much area does a radius of {radius} cm enclose""",
        "{calc radius * radius * 3.14159}"),
    family("right_triangle pythagoras hypotenuse", "Get the longest side of a right triangle.|Tell the hypotenuse from two sides.|Work out a diagonal.", (
        slot("a side_a first", "length_cm", "The first short side.|One leg.", "integer"), slot("b side_b second", "length_cm", "The second short side.|The other leg.", "integer")),
        """hypotenuse of a triangle with sides {a} and {b}|the legs are {a} and {b}, how long is the third side|right triangle {a}, {b}|how long is the diagonal of a {a} by {b} rectangle|Pythagoras with {a} and {b}|a ladder stands {a} cm from the wall and reaches {b} cm up, how long is it
        |longest side for legs of {a} and {b}|diagonal, {a} by {b}""",
        "{work hypotenuse a b}"),
    family("mean average_of mean_value statistics_mean", "Get the average of two values.|Tell the mean of numbers.|Work out what lies in the middle.", (
        slot("first x value_a", "count", "The first value.|One number.", "integer"), slot("second y value_b", "high", "The second value.|The other number.", "integer")),
        """average of {first} and {second}|what lies halfway between {first} and {second}|mean, {first} and {second}|what is {first} and {second} on average|my scores were {first} and {second}, what do I have on average|I got {first} once and {second} once, the mean please
        |take the mean of {first} and {second}|the middle of {first} and {second}""",
        "{calc first / 2 + second / 2}"),
    family("to_binary base_convert number_base", "Write a number in another base.|Convert a number to binary or hex.|Tell how computers write a number.", (
        slot("number value n", "big_int", "The number.|What to convert.", "integer"), choice("base system radix", "2|8|16", "The base.|Which number system.", {"2": ("binary",), "8": ("octal",), "16": ("hex", "hexadecimal")})),
        """{number} in {base}|what is {number} in {base}|write {number} in {base}|{base} for {number}|how does a computer note {number} in {base}|I need the {base} form of {number}|turn the decimal {number} to {base}|give me {number} as a {base} number""",
        "{work in_base number base}"),
    family("roman_numeral to_roman roman_number", "Write a year or number as a Roman numeral.|Tell how the Romans wrote a number.|Convert to letters such as X and V.", (slot("number year value", "year", "The number.|Which year.", "integer"),),
        """{number} in roman numerals|how did the Romans write {number}|roman numeral of {number}|I want {number} carved in Roman letters|what are the X and V for {number}|{number}, but roman|write {number} the way Caesar would|the clock should say {number} in Roman style""",
        "{work roman number}"),
    family("loan_payment monthly_payment mortgage_rate", "Work out the monthly payment of a loan.|Tell what a mortgage costs each month.|Get the installment for borrowed money.", (
        slot("amount loan principal", "price", "How much is borrowed.|The sum.", "integer"), slot("rate interest percent", "rate", "The interest in percent.|The yearly rate.", "number"), slot("years term duration", "small_int", "How many years.|The term.", "integer")),
        """I borrow {amount} at {rate} percent for {years} years, what do I pay each month|monthly payment: {amount}, {rate} percent, {years} years|what does a loan of {amount} over {years} years cost a month at {rate} percent|{years} year mortgage of {amount}, {rate} percent interest
        |at {rate} percent, how much a month is {amount} for {years} years|the bank lends me {amount} for {years} years at {rate} percent, the installment please|installment of {amount} at {rate} percent over {years} years|a house loan: {amount}, {years} years, {rate} percent""",
        "{float 20 6000 2}"),
    family("week_number calendar_week week_of_year", "Tell the calendar week of a day.|Get the number of the week.|Say in which week of the year a date is.", (slot("date day when", "date", "The day.|Which date."),),
        """which week of the year is it, {date}|calendar week, {date}|week number for {date}|what number has the week of {date}|my boss talks in calendar weeks, which one is {date}|{date}, which week|in week what is {date}|I need the week number: {date}""",
        "{int 1 52}"),
    family("age_from_year how_old_is age_calculator", "Tell the age of somebody by the birth year.|Work out how old one is in a year.|Get years between birth and another year.", (
        slot("birth_year born since", "birth_year", "The year of birth.|Born in.", "integer"), slot("in_year year at", "coming_year", "In which year.|The other year.", "integer")),
        """how old will someone born in {birth_year} be in {in_year}|born in {birth_year}, what age is that in {in_year}|in {in_year}, what is the age of a person from {birth_year}|birth year {birth_year}, age in {in_year}|my aunt was born in {birth_year}, how old will {in_year} find her
        |in {in_year}, how old is one who was born in {birth_year}|age in {in_year}, born {birth_year}|which birthday does the class of {birth_year} celebrate in {in_year}""",
        "{calc in_year - birth_year}"),
    family("date_plus_days add_days day_after", "Tell which date is some days later.|Add days to a date.|Get the day after a period.", (
        slot("date start from_date", "date", "The first day.|Where to start."), slot("days count offset", "count", "How many days later.|The days to add.", "integer")),
        """what date is {days} days after {date}|{date} plus {days} days|add {days} days to {date}|if I start {date}, what day is it {days} days later|{days} days on from {date}|the milk keeps {days} days from {date}, until when|which day comes {days} days after {date}|count {days} days forward from {date}""",
        "{int 1 28} {kind month}"),
)  # fmt: skip

NATURE = (
    family("tide_times tides high_water", "Tell when the tide is high at a port.|Look up high and low water.|Get the tide table of a coast.", (
        slot("port place coast", "city", "The port or beach.|Which coast."), slot("date day when", "date", "Which day.|The day to look up.", optional=True)),
        """tide times {port}|when is high water in {port}|at what hour does the sea come in at {port}|tides in {port} for {date}|{port}, {date}, high tide|I want to dig for shells in {port}, when is the water low|is it ebb or flood in {port}|low water in {port}, {date}""",
        "high = {kind time}; low = {kind time}"),
    family("pollen_count hay_fever pollen_forecast", "Tell how much pollen is in the air.|Warn people with hay fever.|Get the pollen level of a region.", (
        slot("city place region", "city", "Where.|The town."), choice("plant source kind", "grass|birch|ragweed|hazel", "Which pollen.|The plant.", optional=True)),
        """how bad is the pollen in {city}|pollen {city}|is there {plant} pollen in {city}|my nose itches in {city}, what is flying|hay fever alert for {city}|I am allergic to {plant}, can I go to {city}|{plant} pollen level, {city}|will I sneeze in {city}""",
        "{pick none|low|medium|high}"),
    family("wind_speed wind_report gusts", "Tell how strong the wind blows.|Get the wind and gusts at a place.|Say if it is stormy somewhere.", (slot("place city location", "city", "Where.|The place."),),
        """how strong is the wind in {place}|wind in {place}|are there gusts in {place}|can I fly a kite in {place}|is it stormy in {place}|how hard does it blow in {place}|knots at {place}|I want to sail off {place}, is there enough of a breeze""",
        "{int 0 120} km/h from the {pick north|south|east|west}"),
    family("air_quality smog_level fine_dust", "Tell how clean the air is.|Get the smog level of a city.|Say if there is dust in the air.", (slot("city place town", "city", "Where.|The city."),),
        """how clean is the air in {city}|air quality {city}|is there smog in {city}|can I jog outside in {city} without coughing|how much fine dust is over {city}|should I wear a mask against the smog in {city}|{city} air index|what are people breathing in {city}""",
        "{int 5 300}, which is {pick good|fair|bad}"),
    family("sunset_time sunrise_sunset daylight", "Tell when the sun rises or sets.|Get dawn and dusk of a place.|Look up how long there is daylight.", (
        choice("event which phase", "sunrise|sunset", "Rise or set.|Which end of the day.", {"sunrise": ("sunrise", "dawn"), "sunset": ("sunset", "dusk")}), slot("place city location", "city", "Where.|The place.")),
        """when is {event} in {place}|{event} {place}|what time is {event} in {place}|I want to photograph the {event} over {place}|{event} time for {place}|how long until {event} in {place}|in {place}, at what hour is {event}|we meet at {event} in {place}, when is that""",
        "{kind time}"),
    family("moon_phase moon_today lunar_phase", "Tell the phase of the moon.|Say if the moon is full on a day.|Look up how much of the moon is lit.", (slot("date day when", "date", "Which day.|The night."),),
        """is it a full moon, {date}|moon phase {date}|how does the moon look, {date}|is the night dark or moonlit, {date}|what shape has the moon, {date}|lunar phase for {date}|I can not sleep when the moon is full, how is it, {date}|moon, {date}""",
        "{pick new|waxing|full|waning}"),
    family("star_visible find_star sky_position", "Tell where a star stands in the sky.|Say when a constellation can be seen.|Help to find a star at night.", (
        slot("star constellation object", "star", "Which star.|What to look for."), slot("place city from_place", "city", "From where one looks.|The place of the observer.")),
        """where in the sky is {star} from {place}|can I see {star} from {place}|{star} above {place}|I point my telescope at {star} in {place}, which direction|which way do I look for {star}, I am in {place}|{place} sky, {star}|when does {star} rise over {place}|from {place}, how do I find {star}""",
        "{pick north|south|east|west}, {int 5 85} degrees up"),
    family("planet_facts planet_info about_planet", "Tell a fact about a planet.|Get the size, moons or day of a planet.|Look up a world of the solar system.", (
        choice("planet world name", "Mercury|Venus|Mars|Jupiter|Saturn|Uranus|Neptune", "Which planet.|The name of the planet."),
        choice("fact property what", "diameter|moons|day|gravity", "Which fact.|What to know.", {"diameter": ("diameter", "size"), "moons": ("moons", "number of moons"), "day": ("length of the day",), "gravity": ("gravity", "pull")})),
        """what is the {fact} of {planet}|{planet} {fact}|tell me the {fact} of the planet {planet}|I need to know the {fact} of {planet} for school|{fact} of {planet}|astronomy quiz: {planet}, {fact}|if I stood on {planet}, what about the {fact}|look up {planet}, I mean the {fact}""",
        "{int 1 140000}"),
    family("molar_mass element_weight atomic_mass", "Get the atomic mass of an element.|Tell how heavy an atom is.|Look an element up in the periodic table.", (slot("element atom substance", "element", "Which element.|The name of the element."),),
        """atomic mass of {element}|how heavy is an atom of {element}|{element}, molar mass|periodic table: {element}|what does one mole of {element} weigh|chemistry homework, the mass of {element}|I need the grams per mole for {element}|look up {element} in the periodic table""",
        "{float 1 238 2}"),
    family("bird_sighting report_bird spot_bird", "Report a bird that was seen.|Add a sighting to the bird list.|Count birds in a place.", (
        slot("bird species kind", "bird", "Which bird.|The species."), slot("count number how_many", "count", "How many.|The number of birds.", "integer"), slot("place city location", "city", "Where.|The place.")),
        """I saw {count} of them in {place}: {bird}|{bird}, {count}, {place}|report {count} times {bird} near {place}|bird list: {bird} in {place}, {count}|near {place} I counted {count}, species {bird}|{count} birds of the species {bird} flew over {place}|note a sighting in {place}: {bird}, {count} of them|my binoculars found {bird} in {place}, {count} in all""",
        "{pick saved|rare|common}"),
    family("earthquakes quake_list seismic", "List recent earthquakes of a country.|Tell if the earth shook.|Get quakes above a magnitude.", (
        slot("country region area", "country", "Which country.|The region."), slot("magnitude min_magnitude strength", "rating", "The lowest magnitude.|How strong at least.", "integer", optional=True)),
        """did the earth shake in {country}|earthquakes {country}|quakes above {magnitude} in {country}|any tremor in {country} lately|I felt a rumble in {country}, was it a quake|{country}, magnitude {magnitude} and more|list quakes of at least {magnitude}, {country}|seismic news from {country}""",
        "* {kind date}"),
)  # fmt: skip

SERVERS = (
    family("restart_service bounce_service reload_service", "Restart a service on a server.|Bounce a process that hangs.|Bring a backend service up again.", (
        slot("service unit process", "service", "Which service.|The name of the unit."), slot("host server machine", "server", "On which server.|The host.")),
        """restart {service} on {host}|{service} hangs on {host}, kick it|bounce {service}@{host}|on {host}, give {service} a restart|{host}: {service} is stuck again, bring it back up|could {service} be restarted on host {host}|{service} needs a fresh start on {host}|reload the service {service} on {host}""",
        "{pick restarted|ok|running}"),
    family("deploy_version roll_out release_service", "Deploy a version of a service.|Roll out a build to an environment.|Put new code live.", (
        slot("service project component", "service", "Which service.|What to deploy."), slot("version tag build", "version", "Which version.|The tag."),
        choice("environment stage target", "production|staging|testing", "Where to.|The environment.", {"production": ("production", "prod"), "staging": ("staging",), "testing": ("testing", "test")})),
        """deploy {service} {version} to {environment}|roll out version {version} of {service} on {environment}|{environment} should run {service} {version}|ship {service} at {version} to {environment}|{service}, {version}, {environment}: go|we are ready, {version} of {service} may go live on {environment}|push {service} to {environment}, tag {version}|get {environment} to {version} for {service}""",
        "{pick deployed|done|healthy}"),
    family("rollback_release undo_deploy revert_version", "Go back to the last version of a service.|Undo a deployment that broke something.|Revert a release.", (slot("service project component", "service", "Which service.|What to revert."), slot("version to_version tag", "version", "The version to go back to.|The older tag.", optional=True)),
        """roll {service} back|the new {service} is broken, take it back to {version}|undo the last deployment of {service}|{service} back to {version}|revert {service}|customers complain about {service}, return to the old release {version}|we need the previous {service} again|rollback {service} {version}""",
        "{kind version}"),
    family("server_load cpu_usage host_load", "Tell how busy a server is.|Get the CPU or memory use of a host.|Look at the load of a machine in the data center.", (
        slot("host server machine", "server", "Which server.|The host."), choice("metric what measure", "cpu|memory|network", "What to measure.|The metric.", {"cpu": ("cpu", "processor"), "memory": ("memory", "RAM"), "network": ("network",)}, optional=True)),
        """how busy is {host}|load on {host}|{metric} of {host}|is {host} under pressure|{host} feels slow, how is its {metric}|what does the {metric} look like on {host}|show me the {metric} graph of {host}|does {host} still have some {metric} to spare""",
        "{int 1 100} percent"),
    family("tail_logs show_logs service_logs", "Show the last log lines of a service.|Read the log of a backend.|See what a service printed.", (
        slot("service unit process", "service", "Whose log.|Which service."), slot("lines count limit", "count", "How many lines.|The number of lines.", "integer"), choice("level severity filter", "error|warning|info", "Which lines.|The log level.", {"error": ("error",), "warning": ("warning",), "info": ("info",)}, optional=True)),
        """last {lines} log lines of {service}|what did {service} print, {lines} lines|show {lines} lines from the {service} log|tail {service}, {lines}|give me {lines} {level} lines of {service}|{service} logs, {level} only, {lines} lines|I am debugging {service}, let me see {lines} lines|any {level} lines in {service}, the latest {lines}""",
        "* {kind path} {pick failed|done|slow}"),
    family("create_branch new_branch git_branch", "Make a git branch.|Start a line of work in the repository.|Branch off from another branch.", (
        slot("branch name new", "branch", "The name of the branch.|What to call it."), choice("base source from_branch", "main|develop|release", "Where it starts.|The branch to leave from.", optional=True)),
        """make a branch {branch}|branch {branch} off {base}|new git branch {branch}|I will work on {branch}, branch it from {base}|git: {branch} from {base}|set up {branch} in the repository as a new branch|from {base}, create the branch {branch}|check out a fresh branch named {branch}""",
        "{pick created|ok|done}"),
    family("merge_branch git_merge merge_request", "Merge a git branch into another.|Bring work back to the main line.|Join two branches of code.", (
        slot("branch source from_branch", "branch", "The branch to merge.|What to bring in."), choice("target into base", "main|develop|release", "Where to.|The branch that gets it."), flag("squash squash_commits as_one", "squashed|as one commit", "with all commits|unsquashed", "Whether to make it one commit.|True to squash.", optional=True)),
        """merge {branch} into {target}|{branch} is ready for {target}|bring {branch} back to {target}, {squash}|{target} should get {branch}, {squash}|the review is over, {branch} can go into {target}|{branch} to {target}, {squash}|git merge {branch} {target}|get the work of {branch} onto {target}""",
        "{pick merged|ok|conflict in} {kind path}"),
    family("count_rows table_rows sql_count", "Count the rows of a database table.|Tell how many records a table has.|Get the size of a table in the database.", (slot("table relation name", "table", "Which table.|The name of the table."), slot("database db schema", "server", "In which database.|The database.", optional=True)),
        """how many rows are in the table {table}|rows of {table} in {database}|count the records in {table}|{table} row count|how big did the table {table} get in {database}|database {database}, table {table}: how many records|number of records, {table}|select count from {table}""",
        "{int 0 900000}"),
    family("add_index create_db_index index_column", "Add an index to a database column.|Make lookups in a table faster.|Index a column of a table.", (
        slot("table relation name", "table", "Which table.|The table."), slot("column field key", "word", "Which column.|The column."), flag("unique distinct no_duplicates", "unique", "not unique|duplicates allowed", "Whether values must differ.|True for a unique index.", optional=True)),
        """index the column {column} of {table}|queries on {table} by {column} are slow, index them|add an index, {unique}, on {table} for {column}|{table}.{column} needs an index|{column} in {table}: index, {unique}|make the database look up {column} faster in {table}|put an index on the {column} of table {table}|db index: table {table}, column {column}""",
        "{pick created|building|ok}"),
    family("block_ip firewall_block ban_address", "Block an IP address.|Keep an attacker out by the firewall.|Ban a network address for some hours.", (
        slot("ip address source", "ip", "The IP address.|Which address."), slot("hours duration for_hours", "small_int", "For how many hours.|The duration.", "integer", optional=True)),
        """block {ip}|somebody attacks us from {ip}, keep them out|ban {ip} for {hours} hours|firewall: {ip}|no more traffic from {ip}|{ip} tried a thousand passwords, shut it out for {hours} hours|for {hours} hours, let nothing in from {ip}|put {ip} on the black list""",
        "{pick blocked|ok|done}"),
    family("ping_host is_up check_host reachable", "Check if a host answers.|Tell whether a web domain is up.|Ping a machine on the net.", (slot("domain host site", "domain", "Which domain.|The host."),),
        """is {domain} up|ping {domain}|does {domain} answer|{domain} seems dead, is it just me|can you reach {domain}|is anyone home at {domain}|how fast does {domain} respond|check that {domain} is alive""",
        "{int 3 300} ms"),
    family("domain_owner whois registrar", "Tell who owns a domain.|Look up when a domain runs out.|Get the registration of a web name.", (slot("domain name web_name", "domain", "Which domain.|The web name."),),
        """who owns {domain}|whois {domain}|is {domain} taken|to whom does the domain {domain} belong|registration data of {domain}|I would like to buy {domain}, who has it|{domain}, registered by whom|when does the registration of {domain} run out""",
        "{kind company} until {int 2026 2035}"),
)  # fmt: skip

PHONES_AND_PICTURES = (
    family("silent_mode do_not_disturb mute_phone", "Put the phone on silent for a while.|Keep calls from disturbing.|Mute the phone.", (slot("minutes duration length", "minutes", "For how many minutes.|How long.", "integer"),),
        """no calls for {minutes} minutes|do not disturb, {minutes} minutes|mute my phone for {minutes} minutes|I am in a meeting for {minutes} minutes, keep the phone quiet|phone on silent, {minutes} min|nobody should ring me for the next {minutes} minutes|{minutes} minutes of peace from my phone|hush the phone for {minutes} minutes""",
        "{pick silent|ok}"),
    family("block_caller block_number refuse_calls", "Block a phone number.|Refuse calls of somebody annoying.|Keep a caller from ringing again.", (slot("number caller phone_number", "phone", "The number.|Which caller."), flag("messages_too texts block_texts", "texts as well|and texts too", "calls only|only calls", "Whether texts are blocked too.|True to block texts.", optional=True)),
        """{number} keeps ringing me, make it stop|block {number}|I never want to hear from {number} again|spam from {number}, block it, {messages_too}|refuse {number}, {messages_too}|block the caller {number}, {messages_too}|calls of {number} should not get through|{number} to the block list""",
        "{pick blocked|ok}"),
    family("data_usage mobile_data gigabytes_used", "Tell how much mobile data was used.|Get the megabytes left this month.|Say if the data plan is used up.", (choice("period span month", "today|this week|this month", "Which period.|The span."),),
        """how much mobile data did I use {period}|data usage {period}|gigabytes {period}|did I eat up my data plan {period}|I streamed a lot {period}, how many gigabytes was it|{period}, how much data went through my sim|mobile traffic {period}|what did my phone download {period}""",
        "{float 0 60 1} GB"),
    family("forward_calls redirect_calls divert_phone", "Forward calls to another number.|Divert the phone to somebody.|Redirect who rings to a number.", (slot("number target to", "phone", "The number that gets the calls.|Where to."), choice("condition when_to case", "always|busy|no answer", "In which case.|When to forward.", {"always": ("always",), "busy": ("if busy", "when I am busy"), "no answer": ("if I do not answer", "when nobody picks up")}, optional=True)),
        """forward my calls to {number}|divert calls to {number} {condition}|whoever rings me shall land at {number}|{condition}, put callers through to {number}|redirect the phone to {number}|send my callers on to {number} {condition}|all my calls go to {number}|call forwarding, {number}""",
        "{pick active|ok}"),
    family("mute_chat silence_group mute_conversation", "Mute a group chat.|Get no alerts from a conversation.|Silence a chat for some hours.", (slot("chat group conversation", "title", "Which chat.|The name of the group."), slot("hours duration for_hours", "small_int", "For how many hours.|How long.", "integer", optional=True)),
        """mute the group {chat}|{chat} is too noisy, mute that chat for {hours} hours|no alerts from the chat {chat} for {hours} hours|the chat {chat} may be quiet now|silence the conversation {chat}|for {hours} hours I do not want the group {chat} to buzz|group chat {chat}: mute, {hours} hours|stop the pings of the {chat} group""",
        "{pick muted|ok}"),
    family("create_group group_chat new_chat", "Make a group chat with some people.|Bring friends together in a conversation.|Set up a chat room for several contacts.", (
        slot("members people who", "names", "Who is in it.|The members.", "array"), slot("name title group_name", "title", "The name of the group.|What to call the chat.")),
        """make a group chat with {members} called {name}|{name}, a chat for {members}|put {members} into a new chat named {name}|I want to talk to {members} together, call the group {name}|group chat {name}: {members}|get {members} in one conversation, {name}|new chat {name} with {members}|bring {members} together in a chat called {name}""",
        "{pick created|ok}"),
    family("crop_image cut_picture trim_photo", "Crop a picture.|Cut a photo to a shape.|Trim the edges of an image.", (
        slot("image photo picture", "image", "Which picture.|The photo."), choice("shape ratio format", "square|wide|portrait", "The shape.|Which ratio.", {"square": ("square",), "wide": ("wide", "landscape"), "portrait": ("portrait", "upright")})),
        """crop {image} to {shape}|make {image} {shape}|cut {image} into a {shape} picture|{image}, {shape}|I need {image} in {shape} format|trim the edges of {image} until it is {shape}|a {shape} version of {image}|could {image} be {shape} instead""",
        "{kind image}"),
    family("rotate_image turn_picture rotate_photo", "Rotate a picture.|Turn a photo that lies on its side.|Put an image the right way up.", (
        slot("image photo picture", "image", "Which picture.|The photo."), choice("angle degrees_turn turn", "90|180|270", "By how many degrees.|The angle.")),
        """rotate {image} by {angle} degrees|{image} lies on its side, turn it {angle} degrees|{image}, {angle} degrees|turn {image} {angle} degrees round|{angle} degrees for the photo {image}|the picture {image} is the wrong way up, {angle} degrees should do|spin {image} through {angle} degrees|give {image} a turn of {angle} degrees""",
        "{kind image}"),
    family("make_album create_album photo_album", "Make a photo album.|Collect pictures of a place and year.|Put photos together under a name.", (
        slot("name title album", "title", "The name of the album.|What to call it."), slot("year when from_year", "year", "The year of the pictures.|From when.", "integer", optional=True), flag("shared public visible", "shared with the family|for everybody", "private|for me alone", "Whether others may see it.|True to share it.", optional=True)),
        """make an album {name}|photo album {name} from {year}|put my pictures of {year} in an album called {name}|album {name}, {shared}|I want to look back at {year}, make an album named {name}|pictures from {year}, album {name}, {shared}|new photo album: {name}|gather the photos of {year} under {name}""",
        "{int 3 400} photos"),
    family("find_photos search_photos pictures_of", "Find photos of a person.|Search the pictures for a face.|Show pictures with somebody from a year.", (slot("person who face", "person", "Who is in them.|The person."), slot("year when from_year", "year", "From which year.|When they were taken.", "integer", optional=True)),
        """show me photos of {person}|pictures with {person} from {year}|{person} in {year}, the photos|where are my pictures of {person}|I miss {person}, let me see some snaps|find {person} in my photos of {year}|photos, {person}|do I have a picture of {person} from {year}""",
        "* {kind image}"),
)  # fmt: skip

THINKING = (*WORDS, *FIGURES, *NATURE, *SERVERS, *PHONES_AND_PICTURES)
