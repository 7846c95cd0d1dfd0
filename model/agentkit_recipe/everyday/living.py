# ruff: noqa: E501 (tables of phrasings)
"""Body and family: health, sports, children, the old, animals, the garden, the kitchen, clothes, leisure,
and what is switched at home."""

from __future__ import annotations

from ..tables import choice, family, flag, slot

HEALTH = (
    family("log_medicine record_pill note_dose", "Write down that a medicine was taken.|Record a dose of a drug.|Keep track of pills.", (
        slot("medicine drug pill", "medicine", "The name of the medicine.|Which drug was taken."),
        slot("dose count tablets", "small_int", "How many tablets.|The number of pills.", "integer")),
        """I just took {dose} tablets of {medicine}|log {dose} pills of {medicine}|{medicine}, {dose} tablets, taken|mark down that I swallowed
        {dose} {medicine}|{dose} tablets of {medicine} went down this morning|put {dose} doses of {medicine} in my pill diary|my mother had
        {dose} {medicine} tablets, keep track of it|medicine diary: {medicine}, {dose}""",
        "{pick logged|saved|ok}"),
    family("book_doctor doctor_appointment see_specialist visit_clinic", "Make an appointment with a doctor.|Arrange a visit to a medical specialist.|Get a slot at a clinic.", (
        choice("specialty field doctor_type", "dentist|dermatologist|cardiologist|pediatrician|optician",
               "The kind of doctor.|Which specialist.", {"dentist": ("dentist",), "optician": ("optician", "eye doctor"), "cardiologist": ("cardiologist", "heart doctor"),
               "dermatologist": ("dermatologist", "skin doctor"), "pediatrician": ("pediatrician", "children's doctor")}),
        slot("date day when", "date", "The day of the visit.|When to go."),
        flag("urgent emergency acute", "urgent|it hurts a lot", "not urgent|no hurry", "Whether it is urgent.|True if it can not wait.", optional=True)),
        """make an appointment with a {specialty} for {date}|I need to see a {specialty}, {date} would suit me|{specialty} appointment {date}|is there
        a slot with a {specialty} for {date}|book me in with the {specialty}: {date}, {urgent}|{specialty}, {date}, {urgent}|my son has to go to the
        {specialty}, preferably {date}|{urgent}: a visit to the {specialty} for {date}""",
        "{kind time}"),
    family("note_symptoms symptom_diary health_diary", "Write symptoms into the health diary.|Keep a record of what hurts a patient.|Remember complaints of the body for the next check-up.", (
        slot("symptoms complaints signs", "symptoms", "What hurts or is wrong.|The list of complaints.", "array"),
        slot("age years patient_age", "age", "The age of the patient.|How old the person is.", "integer", optional=True)),
        """I have {symptoms}, write it into my health diary|health diary: {symptoms}|today it was {symptoms}, put that on record|a patient aged {age} complains of {symptoms}, note it|the {age} year old patient has {symptoms}
        |I woke up with {symptoms}, remember that for the check-up|for the diary: {symptoms}|symptoms {symptoms}, age {age}""",
        "{pick noted|saved|ok}"),
    family("log_blood_pressure record_pressure bp_entry", "Save a blood pressure reading.|Record the upper and lower pressure of the blood.|Note what the cuff measured.", (
        slot("systolic upper high", "systolic", "The upper value.|Systolic pressure in mmHg.", "integer"),
        slot("diastolic lower low", "diastolic", "The lower value.|Diastolic pressure in mmHg.", "integer"),
        slot("pulse heart_rate beats", "pulse", "Beats per minute.|The heart rate.", "integer", optional=True)),
        """my blood pressure is {systolic} over {diastolic}|log {systolic} over {diastolic}|{systolic}/{diastolic} on the cuff today|blood pressure
        {systolic} over {diastolic}, pulse {pulse}|the nurse read {systolic} over {diastolic} with a pulse of {pulse}|keep this reading: {systolic} to {diastolic}
        |pulse {pulse}, pressure {systolic} over {diastolic}|I measured {systolic} over {diastolic}, write it in my health log""",
        "{pick normal|a bit high|high|low}"),
    family("log_sleep sleep_diary record_night", "Write down how long somebody slept.|Keep a diary of nights.|Record the hours of sleep.", (
        slot("hours length slept", "hours", "How many hours.|The length of the sleep.", "number"),
        slot("quality rating stars", "rating", "How good it was, 1 to 5.|The rating of the night.", "integer", optional=True)),
        """I slept {hours} hours|log {hours} hours of sleep|last night I got {hours} hours in bed|{hours} hours of sleep, rating {quality}
        |my night was {hours} hours long, I give it {quality} of 5|sleep: {hours} h|put {hours} hours into the sleep diary, quality {quality}|only {hours} hours of shut-eye last night""",
        "average = {float 5 9 1}"),
    family("find_pharmacy nearest_pharmacy drugstore_search", "Find a pharmacy that is open.|Look for a chemist's shop in a town.|Tell where to buy medicine.", (
        slot("city town place", "city", "Where to look.|The town."),
        flag("at_night night_service all_night", "at night|after midnight", "during the day|in daytime", "Whether it must be open at night.|True for night service.", optional=True)),
        """where is a pharmacy in {city}|pharmacy {city}|which drugstore in {city} serves {at_night}|I need a chemist in {city} that is open {at_night}|nearest
        pharmacy, I am in {city}|in {city}, who sells medicine {at_night}|I ran out of pills in {city}, where can I get more|a pharmacy open {at_night} in {city}""",
        "{kind street}"),
    family("donate_blood blood_donation give_blood", "Sign up to give blood.|Register as a blood donor.|Arrange a blood donation.", (
        choice("blood_type group type", "A|B|AB|O", "The blood group.|Which type of blood."), slot("city town place", "city", "Where to donate.|The town.")),
        """I want to give blood in {city}, my type is {blood_type}|blood type {blood_type}, {city}: sign me up as a donor|where can someone with group {blood_type}
        donate in {city}|donor with {blood_type} in {city}|register me in {city} as a donor of type {blood_type}|my blood is {blood_type}, do they take it in {city}
        |put me down for the blood drive in {city}, group {blood_type}|{blood_type} donor looking for a place in {city}""",
        "{kind weekday} at {kind time}"),
    family("care_visit order_caregiver home_care", "Send a caregiver to an old person.|Arrange home care for somebody frail.|Plan a visit of the nursing service.", (
        slot("person name patient", "person", "Who is cared for.|The old person."), slot("weekday day when", "weekday", "The day of the visit.|Which weekday."),
        choice("help task service", "meals|bathing|shopping|company", "What kind of help.|What the caregiver does.", {"bathing": ("bathing", "washing"), "meals": ("meals", "cooking"), "company": ("company", "a chat")})),
        """send a caregiver to {person} on {weekday} for {help}|{person} needs help with {help} on {weekday}|who can look after {person} on {weekday}, it is about {help}|home care
        for {person}: {help}, {weekday}|on {weekday} somebody should come to {person} for {help}|{help} for old {person} every {weekday}|I can not be there on {weekday}, have a nurse visit {person} for {help}
        |care on {weekday}, {person}, {help}""",
        "{kind person}"),
)  # fmt: skip

SPORTS = (
    family("log_workout record_exercise add_training", "Record a workout.|Write down an exercise that was done.|Keep a diary of training.", (
        slot("exercise activity sport", "exercise", "What was done.|The kind of exercise."),
        slot("minutes duration length", "minutes", "How long, in minutes.|The duration.", "integer")),
        """I did {minutes} minutes of {exercise}|log {exercise}, {minutes} minutes|{minutes} min {exercise}|add {minutes} minutes of {exercise} to my fitness diary|just finished
        {exercise} after {minutes} minutes|today's workout: {exercise} for {minutes} minutes|count my {minutes} minutes of {exercise}|{exercise} done, it took me {minutes} minutes""",
        "kcal = {int 40 800}"),
    family("running_pace pace_calculator km_pace", "Work out the running pace.|Tell the minutes per kilometer of a run.|Get the average pace of a runner.", (
        slot("distance km length", "small_int", "The distance in km.|How far, in km.", "integer"), slot("minutes time duration", "minutes", "The time in minutes.|How long it took.", "integer")),
        """I ran {distance} km in {minutes} minutes, what was my pace|pace for {distance} km in {minutes} minutes|how many minutes per km are {distance} km in {minutes} minutes
        |{minutes} minutes for {distance} km, how fast is that per kilometer|my pace, please: {distance} km, {minutes} min|what do I have to run per km to do {distance} km in {minutes} minutes
        |{distance} km run, {minutes} minutes, pace|if it takes me {minutes} minutes to jog {distance} km, what pace do I have""",
        "{calc minutes / distance}"),
    family("count_steps step_count steps_today", "Tell how many steps were walked.|Read the step counter.|Get the steps of a day.", (slot("date day when", "date", "Which day.|The day to look at."),),
        """how many steps did I walk, {date}|steps for {date}|step counter {date}|did I move enough: {date}|I need to know my steps for {date}|how much did I walk, {date}
        |what does the pedometer say for {date}|number of steps, {date}""",
        "{int 400 25000}"),
    family("reserve_court book_pitch court_booking", "Reserve a court or pitch for a sport.|Get a place to play a match.|Hold a sports field for an hour.", (
        slot("sport game kind", "sport", "Which sport.|What will be played."), slot("weekday day when", "weekday", "On which day.|The weekday."), slot("time hour start", "time", "When it starts.|The hour.")),
        """get us a {sport} court on {weekday} at {time}|we want to play {sport} on {weekday}, {time}|{sport}, {weekday}, {time}, one court|is a place for {sport} free on {weekday} at {time}|hold the
        {sport} field at {time} on {weekday}|on {weekday} at {time} we need somewhere to play {sport}|reserve {sport} for {weekday} {time}|{weekday} {sport} match at {time}, find us a court""",
        "court {int 1 12}"),
    family("join_class gym_class fitness_course", "Sign up for a class at the gym.|Join a group course in the fitness club.|Take part in a guided workout.", (
        slot("course name class_name", "exercise", "Which class.|The name of the course."), slot("weekday day when", "weekday", "On which day.|The weekday.")),
        """sign me up for the {course} class on {weekday}|I want to do {course} at the gym on {weekday}|{course} class, {weekday}|is there a spot left in {course} on {weekday}|put my name down for
        {weekday}'s {course} group|{weekday} {course} at the club, count me in|may I join the {course} course on {weekday}|enrol me in {course}, {weekday}""",
        "{kind time} with {kind person}"),
    family("league_table standings team_rank", "Show where a team stands in its league.|Tell the rank of a club.|Get the position in the table.", (slot("team club name", "team", "Which team.|The name of the club."),),
        """which place are the {team} in|where do the {team} stand in the league|{team} league position|are the {team} still on top of the table|standings, {team}|what rank do the {team} have right now
        |I need to know if the {team} are last|table position of the {team}""",
        "place = {int 1 20}; points = {int 5 80}"),
    family("ski_report snow_depth slope_status", "Tell how much snow a ski resort has.|Report the state of the slopes.|Say if one can ski at a place.", (slot("resort place mountain", "city", "The ski resort.|Where to ski."),),
        """how much snow is there in {resort}|snow report {resort}|can we ski in {resort}|are the slopes in {resort} open|ski conditions in {resort}|is it worth taking my skis to {resort}
        |I want to hit the slopes in {resort}, how deep is the snow|{resort} snow depth""",
        "depth = {int 5 300} cm; lifts = {int 1 40}"),
)  # fmt: skip

FAMILY_LIFE = (
    family("hire_babysitter find_babysitter get_sitter", "Find somebody to look after children.|Hire a babysitter for an evening.|Get a sitter for the kids.", (
        slot("weekday day when", "weekday", "On which day.|The weekday."), slot("children kids count", "people", "How many children.|The number of kids.", "integer"),
        slot("until end till", "time", "Until when.|The end of the evening.", optional=True)),
        """find a babysitter for {children} children on {weekday}|we go out on {weekday}, who watches our {children} kids|babysitter, {weekday}, {children} kids|on {weekday} {children} children need a sitter until {until}
        |I need someone to mind {children} kids on {weekday} till {until}|{children} kids, {weekday} night, until {until}: get a sitter|is a nanny free on {weekday} for {children} children|sitter for {weekday}, we have {children} kids""",
        "{kind person}"),
    family("give_pocket_money allowance pay_allowance", "Pay pocket money to a child.|Give a kid the weekly allowance.|Book an allowance for a child.", (
        slot("child kid name", "person", "Which child.|The name of the kid."), slot("amount sum money", "money", "How much money.|The amount.", "number")),
        """give {child} {amount} in pocket money|{child} gets {amount} as allowance|pocket money for {child}: {amount}|{amount} allowance, {child}|hand {child} this week's pocket money of {amount}|my daughter {child} earned {amount} of pocket money
        |raise no fuss, just pay {child} an allowance of {amount}|allowance day: {amount} for {child}""",
        "{pick paid|done|ok}"),
    family("assign_chore give_chore set_household_task", "Give a household chore to someone of the family.|Say who has to do which chore.|Put a duty on the family plan.", (
        slot("person name who", "person", "Who does it.|The one in charge."), choice("chore task duty", "dishes|laundry|trash|ironing", "Which chore.|The duty.",
             {"dishes": ("dishes", "washing up"), "trash": ("trash", "garbage"), "laundry": ("laundry",), "ironing": ("ironing",)}), slot("weekday day when", "weekday", "On which day.|The weekday.", optional=True)),
        """{person} does the {chore}|let {person} do the {chore} on {weekday}|give the {chore} to {person}|on {weekday} the {chore} is a job for {person}|it is {person}'s turn with the {chore}|family plan: {chore}, {person}
        |make {person} responsible for the {chore} on {weekday}|who cares who moans, {person} takes the {chore}""",
        "{pick noted|ok|saved}"),
    family("log_growth child_height growth_chart", "Record how tall a child has become.|Add the height of a kid to the chart.|Keep track of how a child grows.", (
        slot("child kid name", "person", "Which child.|The name of the kid."), slot("height cm size", "child_height", "The height in cm.|How tall, in cm.", "integer")),
        """{child} is {height} cm tall now|growth chart: {child}, {height} cm|put {height} cm for {child} on the growth chart|{child} has grown to {height} cm|today I measured {child}, {height} cm|log {child}'s height of {height} cm
        |{height} cm for little {child}|the doorframe says {child} reached {height} cm""",
        "{int 1 9} cm"),
    family("wish_list add_wish save_wish", "Put a present on somebody's wish list.|Remember what a person wants as a gift.|Add a wish of someone.", (
        slot("person name who", "person", "Whose wish.|Who gets the gift."), slot("gift present thing", "clothing", "The present.|What is wished for."),
        choice("occasion event for_what", "birthday|christmas|wedding", "The occasion.|For which day.", optional=True)),
        """{person} wants {gift} for {occasion}|put {gift} on {person}'s wish list|{person} would love {gift}|gift idea for {person}: {gift}|{person} dreams of getting {gift} for {occasion}|wish list {person}, {gift}
        |I heard that {person} hopes for {gift}, remember it as a gift idea|for {occasion}, {person} wished for {gift}""",
        "{pick saved|added|ok}"),
    family("find_date match_partner date_search", "Look for someone to date.|Find single people near a city.|Suggest a partner for a lonely heart.", (
        slot("city town place", "city", "Where to look.|The town."), slot("min_age from_age youngest", "adult_age", "The lowest age.|How old at least.", "integer"),
        slot("interest hobby likes", "topic", "A shared interest.|What the person should like.", optional=True)),
        """find me a date in {city}, at least {min_age} years old|singles in {city} over {min_age}|who is single in {city}, {min_age} or older|I want to meet someone in {city} who is {min_age} or more and into {interest}|date wanted: {city}, {min_age} plus
        |is there anybody in {city} above {min_age} who is fond of {interest}|a partner who loves {interest}, {city}, from {min_age} up|lonely in {city}, show me singles from {min_age}""",
        "* {kind person}"),
)  # fmt: skip

ANIMALS_AND_GARDEN = (
    family("vet_appointment book_vet animal_doctor", "Make an appointment with the vet.|Have a sick animal seen by a doctor.|Bring a pet to the animal clinic.", (
        slot("pet animal name", "pet", "The name of the pet.|Which animal."), slot("problem reason trouble", "symptom", "What is wrong.|Why it has to go."),
        slot("date day when", "date", "The day of the visit.|When to go.", optional=True)),
        """{pet} has {problem}, get us to the vet|vet for {pet}, {problem}|I think {pet} suffers from {problem}, make a vet appointment for {date}|book the vet for {date}: {pet}, {problem}|who can treat {pet}, it is {problem}
        |my cat {pet} needs a vet because of {problem}|{date}, vet, {pet} with {problem}|can the animal doctor look at {pet}'s {problem}""",
        "{kind time}"),
    family("feeding_log log_feeding record_meal_pet", "Record that a pet has eaten.|Write down how much an animal was fed.|Keep track of a pet's meals.", (
        slot("pet animal name", "pet", "The name of the pet.|Which animal ate."), slot("grams amount portion", "grams", "How much, in grams.|The grams of food.", "integer")),
        """{pet} ate {grams} grams|log {grams} g of food for {pet}|{pet} had {grams} grams of dry food|feeding log: {pet}, {grams} g|{grams} grams went into {pet}'s bowl|note that {pet} was fed {grams} grams|the dog {pet} just finished {grams} grams
        |pet meal, {grams} grams, {pet}""",
        "{pick logged|ok|saved}"),
    family("report_lost_pet missing_animal lost_pet", "Report that a pet ran away.|Put out a search for a missing animal.|Tell people nearby about a lost pet.", (
        slot("pet name animal", "pet", "The name of the pet.|Who is missing."), slot("species kind type", "animal", "What animal it is.|The kind of pet."), slot("place street last_seen", "street", "Where it was last seen.|The last place.")),
        """my {species} {pet} ran away near {place}|{pet} the {species} is missing since yesterday, last seen at {place}|lost {species} at {place}, answers to {pet}|missing: {species}, {pet}, {place}|has anyone seen {pet}, a {species}, around {place}
        |we can not find our {species} {pet} since {place}|at {place} a {species} called {pet} got lost|tell the neighbours that {pet}, our {species}, escaped at {place}""",
        "{kind ticket}"),
    family("identify_plant plant_scan which_plant", "Tell which plant is in a picture.|Name the flower on a photo.|Recognise a plant by its image.", (slot("image photo picture", "image", "The picture of the plant.|Which photo."),),
        """which plant is in {image}|what is growing in {image}|name the flower on {image}|{image}, which plant|do you recognise the weed in {image}|I photographed a strange leaf, {image}, what is it|tell me the species of the flower in {image}|plant name for {image}""",
        "{kind plant}"),
    family("planting_calendar sowing_time when_to_sow", "Tell in which months to sow a plant.|Say when a vegetable has to be planted.|Look up the sowing time.", (slot("plant crop seed", "crop", "Which plant.|What is sown."),),
        """when do I sow {plant}|sowing time for {plant}|in which month does {plant} go into the ground|is it too early for {plant} seeds|{plant}, when to plant|I have seeds of {plant}, when are they due|best month for putting out {plant}|planting calendar, {plant}""",
        "{kind month}"),
    family("mow_lawn cut_grass start_mower", "Let the mower cut the grass.|Have the lawn mown to a height.|Trim the turf of the garden.", (
        slot("height cm length", "small_int", "The height of the grass in cm.|How short, in cm.", "integer"), choice("part area side", "front|back|all", "Which part of the lawn.|Where to mow.", optional=True)),
        """mow the lawn to {height} cm|cut the grass down to {height} cm|grass at {height} cm please|the {part} lawn is too high, bring it to {height} cm|shorten the turf to {height} centimeters|lawn, {part}, {height} cm|I want the {part} grass {height} cm short|mower: {height} cm""",
        "{int 10 90} minutes"),
)  # fmt: skip

KITCHEN_AND_CLOTHES = (
    family("scale_recipe portions adjust_servings", "Work out how much of an ingredient more guests need.|Scale a recipe to other portions.|Adapt the amount to the number of eaters.", (
        slot("grams amount quantity", "grams", "The grams in the recipe.|How much it says.", "integer"), slot("servings from_people portions", "people", "For how many the recipe is.|The portions there.", "integer"),
        slot("guests to_people eaters", "guests", "For how many to cook.|The wanted portions.", "integer")),
        """the recipe says {grams} g for {servings}, we are {guests}|{grams} grams serve {servings}, how much for {guests}|scale {grams} g from {servings} to {guests} portions|for {guests} guests, how much do I take if {servings} need {grams} g
        |{servings} people eat {grams} grams, what about {guests}|from {servings} to {guests} servings: {grams} g|we will be {guests} at dinner; {grams} g is meant for {servings}|turn {grams} g for {servings} into an amount for {guests}""",
        "{calc grams * guests / servings}"),
    family("preheat_oven heat_oven oven_temperature", "Preheat the oven.|Bring the oven to a temperature.|Get the oven hot for baking.", (
        slot("celsius temperature heat", "oven", "The temperature in celsius.|How hot.", "integer"), choice("mode setting heat_mode", "fan|grill|normal", "How the oven heats.|The oven mode.", optional=True)),
        """preheat the oven to {celsius} degrees|oven to {celsius}|get the oven hot, {celsius} degrees, {mode} mode|I am about to bake at {celsius} degrees|the pizza needs {celsius} degrees in the oven|{mode} oven, {celsius} degrees|warm up the oven in {mode} mode at {celsius}|oven {celsius} degrees please""",
        "{int 4 20} minutes"),
    family("fridge_check in_fridge pantry_stock", "Tell whether the fridge holds a food.|Check how much of a food is at home.|Look into the fridge for something.", (slot("food item product", "item", "Which food.|What to look for."),),
        """do we still have {food}|is there any {food} in the fridge|how much {food} is left at home|{food} in the fridge|are we out of {food}|check if the fridge has {food}|I want to know whether {food} ran out|look in the fridge for {food}""",
        "{pick plenty|a little|nothing}"),
    family("expiry_date best_before food_expires", "Record until when a food is good.|Save the best before day of something in the fridge.|Note when food goes bad.", (
        slot("food item product", "item", "Which food.|What expires."), slot("date day until", "date", "The last day.|Until when it is good.")),
        """the {food} goes bad {date}|{food} best before {date}|the {food} must be eaten by {date}|{food} expires {date}, keep it in mind|until {date} the {food} is fine|remember the expiry of {food}: {date}|save that {food} keeps until {date}|best before {date}: {food}""",
        "{pick saved|noted|ok}"),
    family("brew_coffee make_espresso coffee_machine", "Let the coffee machine brew some cups.|Brew coffee at home.|Start the machine for a pot of coffee.", (
        slot("cups count quantity", "people", "How many cups.|The number of cups.", "integer"), choice("strength power taste", "mild|medium|strong", "How strong.|The taste.", {"mild": ("mild", "weak"), "medium": ("medium", "normal"), "strong": ("strong", "dark")}, optional=True)),
        """brew {cups} cups of coffee|{cups} cups of {strength} coffee|make coffee for {cups}|we are {cups} and all need caffeine, brew some|I am sleepy, brew {cups} {strength} cups|coffee machine: {cups} cups, {strength}|put on a pot, {cups} cups|{strength}, {cups} cups, brew it""",
        "{int 2 12} minutes"),
    family("wash_laundry run_washer laundry_program", "Wash the laundry at a temperature.|Run a washing program.|Get dirty clothes clean.", (
        choice("program fabric kind", "cotton|wool|synthetic|delicate", "The kind of laundry.|Which program.", {"cotton": ("cotton",), "wool": ("wool", "wool sweater"), "synthetic": ("synthetic", "sports"), "delicate": ("delicate", "silk")}),
        slot("celsius temperature heat", "wash", "The temperature in celsius.|How hot.", "integer"), flag("spin spinning fast_spin", "with spinning|with a spin", "without spinning|no spin", "Whether to spin it.|True to spin at the end.", optional=True)),
        """wash the {program} laundry at {celsius} degrees|{program} program, {celsius} degrees|my {program} clothes are dirty, {celsius} degrees will do|{celsius} degrees, {program}, {spin}|run the {program} load at {celsius}, {spin}|can you do a {program} wash at {celsius} degrees {spin}
        |the {program} things go in at {celsius} degrees|laundry: {program}, {celsius}""",
        "{int 30 180} minutes"),
    family("clothes_size convert_size shoe_size", "Convert a size of clothes to another country.|Tell what a shoe size is abroad.|Translate European sizes of clothing.", (
        slot("size number eu_size", "clothes_size", "The European size.|Which size.", "integer"), choice("target system to_country", "US|UK|JP", "Into which system.|The country of the size.", {"US": ("American", "US"), "UK": ("British", "UK"), "JP": ("Japanese",)})),
        """what is size {size} in {target} sizes|European {size} as a {target} size|I wear {size}, which {target} size is that|size {size} in {target}|convert my shoe size {size} to {target}|{target} equivalent of size {size}|if I take a {size} here, what do I take in {target} shops|{size} to {target} sizes""",
        "{int 3 28}"),
)  # fmt: skip

LEISURE = (
    family("borrow_book reserve_book library_loan", "Borrow a book from the library.|Put a library book aside.|Get a loan of a title.", (
        slot("title book name", "title", "The title of the book.|Which book."), choice("medium format form", "paper|audio|ebook", "In which form.|The medium.", {"paper": ("paper", "printed"), "audio": ("audio", "spoken"), "ebook": ("ebook", "digital")}, optional=True)),
        """borrow {title} from the library|I would like to read {title}, does the library lend it|put the book {title} aside for me|library: {title}|get me the {medium} copy of {title}|is {title} on the shelf, I want to take it home|loan of {title}, {medium} version|the library should keep {title} for me""",
        "due = {int 1 28} {kind month}"),
    family("renew_loan extend_loan keep_book_longer", "Keep a library book longer.|Extend the loan of a borrowed title.|Move the return day of a book.", (
        slot("title book name", "title", "The borrowed book.|Which title."), slot("weeks extra duration", "weeks", "How many weeks more.|The extra weeks.", "integer")),
        """I have not finished {title}, give me {weeks} more weeks|renew {title} for {weeks} weeks|{title}, {weeks} weeks longer|can I keep the library book {title} another {weeks} weeks|{weeks} extra weeks for {title}|extend my loan of {title} by {weeks} weeks
        |the book {title} is due, I still need {weeks} weeks|loan of {title} plus {weeks} weeks""",
        "{int 1 28} {kind month}"),
    family("museum_hours museum_open exhibition_hours", "Tell when a museum is open.|Look up the opening hours of an exhibition.|Say if a gallery can be visited on a day.", (
        slot("museum name place", "museum", "The museum.|Which house."), slot("weekday day when", "weekday", "On which day.|The weekday.")),
        """is the {museum} open on {weekday}|{museum}, {weekday} hours|until when can I visit the {museum} on {weekday}|on {weekday}, when does the {museum} let people in|opening hours of the {museum} for {weekday}|we want to see paintings in the {museum} on {weekday}, is that possible
        |hours {museum} {weekday}|does one get into the {museum} on {weekday}""",
        "{kind time}"),
    family("concert_tickets buy_tickets event_tickets", "Buy tickets for a concert.|Get seats to see an artist live.|Order entry cards for a show.", (
        slot("artist band act", "artist", "Who plays.|The artist."), slot("city town place", "city", "Where the show is.|The town."), slot("count tickets seats", "people", "How many tickets.|The number of seats.", "integer")),
        """get {count} tickets for {artist} in {city}|we want to see {artist} live in {city}, {count} of us|{count} seats, {artist}, {city}|{artist} plays in {city}, I need {count} tickets|are there {count} tickets left for {artist} in {city}|in {city}, {count} times {artist} please, the concert
        |concert of {artist} in {city}: {count} tickets|{count} of us go to the {artist} show in {city}, buy the tickets""",
        "{float 20 600 2}"),
    family("tune_instrument tuning_note tuner", "Play the note to tune an instrument by.|Give the tuning tone of a string.|Help to get an instrument in tune.", (
        slot("instrument name kind", "instrument", "Which instrument.|What has to be tuned."), choice("note tone string", "A|D|E|G|B", "The note.|Which string.")),
        """give me a {note} to tune my {instrument}|tune the {instrument}, {note} string|my {instrument} is off, let me hear {note}|{instrument} tuning, {note}|the {note} of my {instrument} sounds wrong, how should it sound|I need the tone {note} for the {instrument}|{note} for {instrument} please|sound a {note}, I am tuning a {instrument}""",
        "{int 80 880} Hz"),
    family("set_metronome metronome beat_click", "Let the metronome tick.|Set a beat for practising music.|Give a steady click at a tempo.", (slot("bpm tempo speed", "pulse", "Beats per minute.|The tempo.", "integer"),),
        """metronome at {bpm}|set the metronome to {bpm} beats per minute|click along at {bpm} bpm|give me a steady beat, {bpm} bpm|I practise at tempo {bpm}, tick for me|{bpm} bpm click|beat of {bpm} please|make it tick {bpm} times a minute""",
        "{pick ticking|ok}"),
    family("game_rules how_to_play explain_game", "Explain the rules of a game.|Tell how a board or card game is played.|Say who wins in a game.", (slot("game name which", "game", "Which game.|The name of the game."),),
        """what are the rules of {game}|how is {game} played|rules {game}|explain {game} to me|I never played {game}, how does it go|who wins in {game}|we found a box of {game} without the rules, help|{game}, how to play""",
        "the player with the {pick most|fewest} {pick points|cards|stones} wins"),
    family("keep_score add_points score_player", "Add points to a player.|Keep the score at game night.|Write down who scored in a game.", (
        slot("player name who", "person", "The player.|Who scored."), slot("points score amount", "small_int", "How many points.|The points won.", "integer")),
        """{player} gets {points} points|{points} points for {player}|{player} just scored {points}|add {points} to {player}'s score|{player} plus {points}|write {points} points down for {player}|that round goes to {player}, {points} points|score: {player}, {points}""",
        "{int points 200}"),
)  # fmt: skip

SWITCHES = (
    family("switch_light light_switch toggle_light set_lamp", "Turn a light on or off.|Switch the lamp of a room.|Change whether it is lit in a room.", (
        slot("room place where", "room", "The room.|Where the light is."), choice("state power position", "on|off", "Whether it shall be on or off.|The new state.")),
        """turn the light in the {room} {state}|turn {state} the light in the {room}|turn the {room} light {state}|switch the {room} lights {state}|lights {state} in the {room}|{room} lamp {state}
        |the light in the {room} should be {state}|put the {room} lamp {state}|switch {state} the lamp in the {room}|I want the lights in the {room} {state}""",
        "{pick ok|done}"),
    family("set_power toggle_device power_state switch_device", "Turn a device on or off.|Set the power of an appliance.|Switch any device.", (
        slot("device name appliance", "device", "The device.|Which appliance."), flag("on enabled powered", "on", "off", "Whether it is on.|True for on.")),
        """turn the {device} {on}, please|turn {on} the {device} for me|{device} {on}|the {device} should be {on}|switch {on} my {device}|get the {device} {on}
        |I would like the {device} to be {on}|{on} with the {device}""",
        "{pick ok|done}"),
    family("run_appliance appliance_control control_machine", "Start, stop or pause an appliance.|Control a running machine at home.|Tell an appliance what to do.", (
        slot("appliance device machine", "device", "The appliance.|Which machine."),
        choice("action command order", "start|stop|pause", "What it shall do.|The command.", {"stop": ("stop", "halt")})),
        """{action} the {appliance}, will you|tell the {appliance} to {action}|{appliance}: {action}|the {appliance} should {action}|make the {appliance} {action}|let the {appliance} {action} now
        |{action} my {appliance}|it is time to {action} the {appliance}""",
        "{pick ok|started|done}"),
    family("set_heating climate_mode thermostat_mode", "Set how a room is heated or cooled.|Choose the mode of the climate control.|Change the mode of the thermostat.", (
        slot("room zone where", "room", "The room.|Which zone."), choice("mode setting state", "heat|cool|auto|off", "The mode.|What it shall do.")),
        """put the {room} climate on {mode}|climate in the {room}: {mode}|{mode} mode for the {room}|set the thermostat of the {room} to {mode}|the {room} should be on {mode}|change the {room} heating to {mode}
        |heating of the {room} to {mode} mode|I want {mode} in the {room}""",
        "{pick ok|set}"),
    family("fan_speed set_fan ventilation", "Set how fast a fan turns.|Change the speed of the ventilation.|Make the fan of a room faster or slower.", (
        slot("room place where", "room", "The room.|Where the fan is."), choice("speed level strength", "low|medium|high|off", "How fast.|The speed.")),
        """set the fan in the {room} to {speed}|{room} fan {speed}|fan speed {speed} in the {room}|turn the {room} fan to {speed}|I want the fan in the {room} on {speed}|ventilation of the {room}: {speed}
        |put the {room} fan on {speed}|{speed} for the fan in the {room}""",
        "{pick ok|set}"),
    family("set_window window_state move_window", "Open or close a window.|Set whether a window is open.|Move the windows of a room.", (
        slot("room place where", "room", "The room.|Where the window is."),
        choice("state position target", "open|closed", "Open or closed.|How it shall stand.", {"closed": ("closed", "shut")})),
        """I want the {room} window {state}|the window in the {room} should be {state}|{room} windows {state}|keep the window of the {room} {state}|make sure the {room} window is {state}|window in the {room}: {state}
        |have the windows in the {room} {state}|get the {room} window {state}""",
        "{pick ok|moved|done}"),
    family("set_lock door_lock lock_state", "Lock or unlock a door.|Set whether a door is locked.|Change the state of a smart lock.", (
        slot("door name entrance", "door", "The door.|Which lock."), flag("locked secured closed", "locked", "unlocked", "Whether it is locked.|True to lock.")),
        """I want the {door} {locked}|keep the {door} {locked}|{door} {locked}|get the {door} {locked}|see to it that the {door} is {locked}|leave the {door} {locked}
        |have the {door} {locked} now|the {door} has to be {locked}""",
        "{pick ok|done}"),
    family("arm_security security_mode alarm_system", "Set the mode of the alarm system.|Arm or disarm the house.|Change what the burglar alarm watches.", (
        choice("mode state setting", "home|away|night|off", "The mode.|What to watch."),
        slot("code pin key", "big_int", "The code of the owner.|The pin.", "integer", optional=True)),
        """set the alarm system to {mode}|security to {mode}|house security: {mode}, code {code}|arm the house for {mode}, my code is {code}|burglar alarm on {mode}|put the security on {mode} with pin {code}
        |the alarm system should be on {mode}|{mode} mode for the burglar alarm""",
        "{pick ok|set|ready}"),
    family("set_scene light_scene activate_scene", "Choose a scene for a room.|Make a room fit for an occasion.|Activate a preset of lights and music.", (
        choice("scene preset name", "movie|dinner|party|sleep|reading", "The scene.|Which preset."), slot("room place where", "room", "The room.|Where.")),
        """{scene} scene in the {room}|make the {room} ready for {scene}|set the {room} to the {scene} scene|{scene} lights for the {room}|we want {scene} in the {room}|activate {scene} in the {room}
        |the {room} should look like {scene}|{room}, {scene} preset""",
        "{pick ok|set|done}"),
    family("airplane_mode flight_mode set_airplane_mode", "Turn flight mode on or off.|Cut all radio of the phone, or allow it.|Change the airplane mode.", (
        flag("enabled on active", "on", "off", "Whether flight mode is on.|True for on."),),
        """flight mode {enabled}|turn airplane mode {enabled}|turn {enabled} flight mode|airplane mode {enabled}, please|switch {enabled} airplane mode|put the phone with flight mode {enabled}
        |airplane mode should be {enabled}|I need flight mode {enabled}""",
        "{pick ok|done}"),
    family("dark_mode set_theme screen_theme", "Choose a light or a dark screen.|Change the theme of the display.|Set how dark the screen looks.", (
        choice("theme look style", "light|dark|auto", "The theme.|Which look."),),
        """use the {theme} theme|{theme} mode for the screen|make the display {theme}|switch to the {theme} theme|I like it {theme}, change the screen|set the screen theme to {theme}
        |theme: {theme}|the display should be {theme}""",
        "{pick ok|set|changed}"),
    family("mute_device set_mute sound_off", "Mute a device or let it sound again.|Take the sound away from a device.|Set whether a device is silent.", (
        slot("device name speaker", "device", "The device.|What is muted."), flag("muted silent quiet", "muted|silent", "loud again|unmuted", "Whether it is muted.|True for silence.")),
        """I want the {device} {muted}|the {device} should be {muted}|have the {device} {muted}|{device} {muted} please|make the {device} {muted}|get my {device} {muted}
        |keep the {device} {muted}|leave the {device} {muted}""",
        "{pick ok|muted|done}"),
)  # fmt: skip

LIVING = (*HEALTH, *SPORTS, *FAMILY_LIFE, *ANIMALS_AND_GARDEN, *KITCHEN_AND_CLOTHES, *LEISURE, *SWITCHES)
