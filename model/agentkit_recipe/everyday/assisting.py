# ruff: noqa: E501 (tables of phrasings)
"""What assistants in phones, homes, cars and on wrists are asked to do: settings, calls, media, the smart home, the car
and the way, the body, the kitchen, pets and children, travel, learning and private money."""

from __future__ import annotations

from ..tables import choice, family, flag, slot

PHONE = (
    family("set_ringtone change_ringtone assign_ringtone", "Set the ringtone for calls of a contact.|Change which sound plays when someone calls.|Give a person a ringtone of their own.", (
        slot("contact caller person", "contact", "Whose calls.|The contact to set it for."),
        choice("tone ringtone sound", "classic|chimes|marimba|birds|silent", "The ringtone.|Name of the sound.", {"birds": ("birds", "birdsong"), "classic": ("classic",)})),
        """set {contact}'s ringtone to {tone}|change the ringtone of {contact} to {tone} please|{tone} as ringtone for {contact}|ringtone {contact} {tone}|when {contact} calls I want to hear {tone}
        |can you give {contact} a different ringtone? {tone} would be nice|I want to know it's {contact} without looking, use {tone} for those calls|I'd like {tone} whenever {contact} phones me|use the {tone} sound for calls from {contact}
        |hey could you make {contact} ring with {tone}|for {contact}, pick the {tone} ringtone|the sound for {contact} is awful, switch it to {tone}""",
        "{pick ok|ringtone changed|saved}"),
    family("toggle_hotspot set_hotspot mobile_hotspot", "Turn the personal hotspot on or off.|Share the phone's internet connection with other devices.|Enable or disable tethering.", (
        flag("enabled on active", "on", "off", "Whether the hotspot is on.|True to share the connection."),),
        """hotspot {enabled}|turn {enabled} my hotspot|turn the hotspot {enabled}|switch the personal hotspot {enabled} please|could you put tethering {enabled}|about my laptop's internet: hotspot {enabled} please
        |from now on I want the hotspot {enabled}|set mobile hotspot to {enabled}|hotspot {enabled} because of the tablet|{enabled} with the hotspot, we've arrived|please have internet sharing {enabled} now
        |tethering {enabled}""",
        "hotspot {pick ready|updated|set}"),
    family("set_screen_timeout screen_off_delay auto_lock_after", "Set after how many seconds the screen turns off.|Change how long the display stays awake.|Adjust the auto-lock delay.", (
        slot("seconds delay timeout", "seconds", "Seconds without a touch.|The delay in seconds.", "integer"),),
        """set screen timeout to {seconds} seconds|screen off after {seconds} seconds|my screen goes dark way too fast, make it {seconds} seconds|keep the display awake for {seconds} seconds|auto-lock {seconds}s
        |can the phone lock itself after {seconds} seconds?|I'd like the screen to stay on {seconds} seconds before it sleeps|{seconds} seconds until the screen turns off, please|change the auto lock delay to {seconds}
        |lock the display when I haven't touched it for {seconds} seconds|timeout {seconds} seconds|the display should switch off after {seconds} sec to save power""",
        "timeout {arg seconds} s"),
    family("set_font_size change_text_size font_scale", "Set the size of the text on the screen.|Make the letters on the phone larger or smaller.|Change the system font size.", (
        choice("size scale text_size", "small|normal|large|huge", "How big the letters are.|The new font size.", {"large": ("large", "big"), "huge": ("huge", "really huge")}),),
        """make the text {size}|font size {size}|my eyes and this phone don't get along, make the letters {size}|change text size to {size}|set the font to {size} please|{size} text please
        |could the writing on my screen be {size}?|letters {size}|grandpa is borrowing my phone, he likes the letters {size}|I prefer {size} letters on the display|switch to {size} font
        |the text on here should be {size}, not like this""",
        "{pick ok|font size set|applied}"),
    family("find_my_phone ring_phone locate_phone", "Make the phone ring loudly so that it can be found.|Find a lost phone by its sound.|Play a sound on the phone, even in silent mode.", (),
        """where is my phone|find my phone|I can't find my phone anywhere|ring my phone|make my phone make a noise|my phone must be under the couch somewhere|phone lost, help me find it|can you let my phone ring please
        |i put my phone down and now it's gone|help, where did I leave my phone?|play a sound on my phone so I can find it|have you any idea where my mobile is""",
        "{pick ringing|phone is ringing|sound playing}"),
    family("check_voicemail play_voicemail listen_voicemail", "Play new voicemail messages.|Check the mailbox for spoken messages.|Tell if anyone left a voicemail.", (),
        """check my voicemail|any voicemail?|play my voicemail messages|did anybody leave me a voice message|what's on my mailbox|listen to voicemail|voicemail please|has someone spoken on my mailbox while I was out
        |I was in a meeting, anything on the voicemail?|read out the new messages in my voice mailbox|do I have new voicemail|let me hear what they left on the mailbox""",
        "{int 2 6} new messages, first from {kind contact}"),
    family("missed_calls list_missed_calls recent_missed", "List the calls that were missed.|Show who tried to phone.|Get recent unanswered calls.", (),
        """who called me|any missed calls?|show missed calls|did anybody try to reach me|I left my phone at home, who phoned?|list the calls I missed|missed calls|have I missed a call today
        |my phone rang while I was in the shower, who was it|whose calls didn't I answer|tell me who tried to call|was there a call I didn't pick up""",
        "* {kind contact} at {kind time}"),
    family("decline_call reject_call refuse_incoming", "Decline the incoming call.|Reject the call that is ringing, with a short reply if given.|Send the caller away.", (
        slot("reply text response", "text", "Text sent to the caller.|What the caller gets to read.", optional=True),),
        """decline the call|reject this call|don't take it, I'm busy|not now, decline|decline and reply {reply}|I can't talk, refuse the call and write: {reply}|reject the call with the text {reply}|hang up on them please, I'm eating
        |send the caller away with {reply}|{reply}, tell the caller that and decline|please make it stop ringing, I won't answer that call|refuse the incoming call""",
        "call {pick declined|rejected|refused}"),
    family("read_unread_messages read_messages new_messages", "Read out unread messages.|Read new texts aloud, of one contact or of all.|Get the messages that came in.", (
        slot("contact sender person", "contact", "Only messages of this person.|Who wrote them.", optional=True),),
        """read my new messages|any new messages?|what did {contact} write|read me the messages from {contact}|has {contact} texted back|unread messages|I'm driving, what do my new texts say|read the latest from {contact} to me
        |did anything come in while I was asleep? read it|my phone just buzzed, read the message|{contact}: new messages?|I'm waiting for {contact} to text me, anything there yet""",
        "{kind text}"),
    family("share_location send_location share_position", "Share the current location with a contact.|Let someone see where the phone is for some minutes.|Send the live position to a person.", (
        slot("contact person recipient", "contact", "Who may see it.|The person to share with."),
        slot("minutes duration length", "minutes", "For how many minutes.|How long it is shared.", "integer", optional=True)),
        """share my location with {contact}|share location with {contact} for {minutes} minutes|let {contact} see where I am for the next {minutes} minutes|send {contact} my position|{contact} wants to know where I am, share it
        |live location to {contact}, {minutes} min|for {minutes} minutes {contact} should be able to follow where I am|can {contact} see my location please|I'm walking home alone, share my position with {contact} for {minutes} minutes
        |location {contact}|show {contact} where I am|we can't find each other, send my location to {contact}""",
        "shared with {arg contact}"),
)  # fmt: skip

PLANNING = (
    family("remove_item delete_from_list uncheck_item", "Remove an item from the shopping list.|Delete something from the list of things to buy.|Cross a product off the list.", (
        slot("item product thing", "item", "The item to remove.|What need not be bought."),),
        """remove {item} from the shopping list|take {item} off my list|delete {item} from the list|I already bought {item}, cross it off|no more {item} needed|we don't need {item} anymore|{item} off the shopping list
        |can you drop {item} from my groceries|I've got {item}, so that can go from the list|shopping list without {item} please|oh, there is still {item} in the cupboard, remove that|cross off {item}""",
        "{int 2 14} items left"),
    family("remind_at_place location_reminder add_place_reminder", "Remind the user of something at a place.|Create a reminder that fires on arriving or leaving somewhere.|Set a reminder bound to a location.", (
        slot("text note about", "note", "What to be reminded of.|The text of the reminder."), slot("place location where", "spot", "The place.|Where the reminder fires."),
        choice("trigger event on", "arrive|leave", "When it fires.|On arriving or on leaving.", {"arrive": ("get to", "arrive at", "reach"), "leave": ("leave",)})),
        """remind me when I {trigger} {place}: {text}|when I {trigger} {place}, remind me: {text}|as soon as I {trigger} {place} tell me this: {text}|{text}, as a reminder when I {trigger} {place}|once I {trigger} {place}, note to self: {text}
        |don't let me forget when I {trigger} {place}: {text}|if I {trigger} {place}: {text}|please set a reminder: {text}, when I {trigger} {place}|{text} - I always forget, remind me when I {trigger} {place}
        |can you ping me the moment I {trigger} {place}? it's about {text}|location reminder: {text}, once I {trigger} {place}|later, when I {trigger} {place}, show the reminder {text}""",
        "{pick reminder set|saved|will remind you there}"),
    family("waste_collection bin_day garbage_pickup", "Tell when a kind of waste is collected.|Look up which day the bins are emptied.|Get the next pickup of garbage.", (
        choice("waste bin kind", "paper|plastic|glass|organic|residual", "The kind of waste.|Which bin.", {"organic": ("organic", "compost"), "residual": ("residual", "general")}),),
        """when is the {waste} bin collected|next pickup for {waste} waste|{waste} bin, which day?|do I have to put the {waste} bin out tonight|bin day {waste}|when do they come for the {waste} bin|my {waste} bin is overflowing, when is it emptied
        |is {waste} waste picked up this week?|which day is {waste} collection|tell me when the garbage truck takes the {waste} waste|{waste} collection|I always miss the {waste} bin day, when is it""",
        "{kind date}"),
)  # fmt: skip

MEDIA = (
    family("play_podcast start_podcast podcast_episode", "Play a podcast.|Start an episode of a show.|Listen to a podcast by its name.", (
        slot("show podcast title", "title", "The name of the podcast.|Which show."),
        slot("episode number part", "count", "The number of the episode.|Which episode; the newest if left out.", "integer", optional=True)),
        """play the podcast {show}|play episode {episode} of {show}|{show} podcast please|put on {show}, episode {episode}|I want to hear the newest {show} episode|start {show} from episode {episode}|podcast {show} {episode}
        |is there a new episode of {show}? play it|let's listen to the {show} podcast on the way|episode {episode} of the {show} podcast, go|a friend told me about a show called {show}, play that podcast
        |I stopped at episode {episode} of {show}, play that one""",
        "playing {arg show}"),
    family("add_to_playlist playlist_add save_to_playlist", "Add a song to a playlist.|Put a track on one of the playlists.|Save music to a list of songs.", (
        slot("song track title", "song", "The song to add.|Which track."), slot("playlist name target", "title", "The playlist.|Name of the list of songs.")),
        """add {song} to my playlist {playlist}|put {song} on {playlist}|{song} onto the {playlist} playlist|playlist {playlist}: add {song}|I love {song}, save it to {playlist}|could you put the song {song} in the playlist called {playlist}
        |my {playlist} playlist needs {song}|save {song} in {playlist}|the {playlist} playlist should have {song} as well|for the list {playlist}, add the track {song}|add song {song}, playlist {playlist}
        |the party list {playlist} isn't complete without {song}, add it""",
        "{int 2 180} songs"),
    family("seek_media jump_playback skip_seconds", "Jump back or forward in what is playing.|Rewind or fast-forward by some seconds.|Seek within a video or recording.", (
        choice("direction way to", "back|forward", "Which way.|Back or forward.", {"back": ("back", "backwards"), "forward": ("forward", "ahead")}),
        slot("seconds amount offset", "seconds", "How many seconds.|How far to jump.", "integer")),
        """go {direction} {seconds} seconds|jump {seconds} seconds {direction}|{seconds} seconds {direction}|skip {direction} by {seconds} seconds please|move the video {direction} {seconds} seconds|{direction} {seconds}
        |I wasn't listening, anyway: {direction} {seconds} seconds|can you wind {direction} {seconds} sec|seek {direction}, {seconds} seconds|take it {seconds} seconds {direction} from here
        |that part, please jump {direction} {seconds} seconds|a bit {direction}, say {seconds} seconds""",
        "position {int 1 58}:{int 10 59}"),
    family("tune_radio play_radio radio_station", "Play a radio station of some kind.|Tune in to live radio.|Turn on a station by genre.", (
        choice("genre kind station", "news|jazz|classical|rock|talk|sports", "What the station plays.|The kind of station."),),
        """play a {genre} radio station|radio, {genre}|tune in to {genre} radio|put on some {genre} on the radio|{genre} station please|is there a {genre} station? play it|I feel like {genre}, find me a station|turn the radio to {genre}
        |something with {genre} on the radio while I cook|live radio {genre}|can we listen to {genre} radio|switch to a station with {genre}""",
        "{kind word} FM {float 88 107 1}"),
    family("set_subtitles subtitle_language show_subtitles", "Show subtitles in a language.|Choose the subtitles of a film.|Change the language of the captions.", (
        slot("language lang track", "language", "The language of the subtitles.|Which subtitles."),
        choice("size font scale", "small|medium|large", "How big they are.|The size of the captions.", {"large": ("large", "big")}, optional=True)),
        """{language} subtitles please|turn on subtitles in {language}|subtitles: {language}|can we watch this with {language} captions|show {size} subtitles in {language}|I don't get what they're saying, give me {language} subtitles
        |change the captions to {language}|{language} captions, {size}|put {language} subtitles on, and make them {size}|are there subtitles in {language}? switch them on|my guest only reads {language}, so subtitles in that
        |the subtitles should be {language}""",
        "{pick on|subtitles on|captions shown}"),
    family("share_photo send_picture_to share_image", "Share a photo with some people.|Send a picture to several persons at once.|Let friends see an image.", (
        slot("image photo file", "image", "The picture.|Which photo to share."), slot("people recipients names", "names", "Who gets it.|The list of people.", "array")),
        """share {image} with {people}|send {people} the photo {image}|{image} to {people} please|{people} want to see {image}, send it to them|can you send the picture {image} to {people}|show {image} to {people}
        |photo {image}: share with {people}|I promised {people} this photo, {image}|let {people} have a look at {image}|share a picture, {image}, recipients {people}|{people} were there too, so share {image} with them
        |for {people}: the photo {image}""",
        "{pick shared|sent|delivered}"),
    family("resize_photo scale_image change_picture_size", "Resize a photo to a width and height.|Scale a picture to so many pixels.|Change the dimensions of an image.", (
        slot("image photo file", "image", "The picture.|Which image file."), slot("width w x", "pixels", "The new width in pixels.|How wide.", "integer"),
        slot("height h y", "pixels", "The new height in pixels.|How high.", "integer")),
        """resize {image} to {width} by {height}|make {image} {width} pixels wide and {height} high|{image}, {width}x{height}|scale the photo {image} to {width} x {height} pixels|I need {image} with {width} by {height} pixels
        |{width} by {height}, that's the size I want for {image}|can you change {image} to width {width} and height {height}?|the website only takes {width}x{height}, resize {image}|picture size {width} by {height} for {image}
        |shrink or stretch {image}: {width} wide, {height} high|{image} is the wrong size, it has to be {width}x{height}|new dimensions for {image}: {width}, {height}""",
        "{arg image}, {int 12 4800} kB"),
)  # fmt: skip

HOME_AND_CAR = (
    family("energy_use power_consumption device_energy", "Tell how much energy a device used.|Get the power consumption of an appliance.|Read the smart plug's meter.", (
        slot("device appliance plug", "device", "The device.|Which appliance."),
        choice("period span time_range", "today|yesterday|week|month", "The time to look at.|Which period.", {"week": ("this week",), "month": ("this month",)})),
        """how much energy did the {device} use {period}|power consumption of the {device} {period}|{device} energy {period}|what has the {device} consumed {period}?|is the {device} a power hog? check {period}
        |tell me how many kilowatt hours went into the {device} {period}|{period}, how much electricity did my {device} take|our bill is crazy, what did the {device} use {period}|kWh {device}, {period}
        |energy report for the {device}, {period} only|I wonder what the {device} needed in electricity {period}|smart plug of the {device}: usage {period}""",
        "{float 0 90 2} kWh"),
    family("who_is_at_door doorbell_view check_doorbell", "Tell who is at the front door.|Look through the doorbell camera.|Check whether someone is outside.", (),
        """who's at the door|who is it?|somebody just rang the bell, who is it|is anyone at the door|look through the doorbell camera|check the doorbell|I heard a knock, is someone outside?|front door, who's there
        |can you see who is standing outside|the bell rang but I'm in the bath, who is there|doorbell camera please|is that the postman outside?""",
        "{pick nobody|a courier|one person|two people|a neighbour}"),
    family("create_guest_key grant_access guest_access", "Let a guest open a door with the phone until some time.|Create a digital key for a visitor.|Give someone temporary access to the house.", (
        slot("person guest name", "person", "Who gets the key.|The guest."), slot("door lock entrance", "door", "Which door.|The door it opens."),
        slot("until expires valid_until", "when", "Until when it works.|When the key expires.", optional=True)),
        """give {person} access to the {door}|guest key for {person}, {door}|let {person} open the {door} until {until}|{person} is staying with us and needs a key to the {door}|create a digital key: {person}, {door}, until {until}
        |can {person} get into the {door} with the phone?|key to the {door} for {person}, valid until {until}|until {until} the {door} should open for {person}|{person} feeds our cat, grant access through the {door}
        |send a guest key of the {door} to {person}|I want {person} to be able to unlock the {door}|{person} can use the {door} till {until}, make a key""",
        "key {kind code}"),
    family("broadcast_message announce_at_home house_announcement", "Announce a message on the speakers at home.|Broadcast something to everybody in the house.|Say a text aloud in the rooms.", (
        slot("message text announcement", "text", "What is announced.|The words to say."), slot("room speaker where", "room", "Only in this room.|Where to say it.", optional=True)),
        """announce: {message}|broadcast {message}|tell everyone in the house: {message}|say {message} on all speakers|announce in the {room}: {message}|let the family know, {message}|{message}, please broadcast that at home
        |the kids are in the {room}, tell them {message}|nobody hears me from down here, announce {message}|house announcement {message}|speaker in the {room} should say {message}|can you broadcast this? {message}""",
        "{pick announced|played on 3 speakers|played on all speakers}"),
    family("honk_horn sound_horn flash_and_honk", "Honk the horn of the car so that it can be found.|Sound the horn and flash the headlights.|Make the parked car beep.", (),
        """honk the horn|where did I park? honk please|make my car beep|sound the horn|honk|I can't find my car in this garage, let it honk|beep the car|can you flash the headlights and honk|give me a beep from the car
        |which one is my car? make some noise|horn please|let the car hoot so I hear where it is""",
        "{pick honked|horn sounded|ok}"),
    family("tyre_pressure check_tyres tire_pressure", "Tell the pressure of the car's tyres.|Check whether the tyres need air.|Read the tyre sensors.", (),
        """tyre pressure|check my tyres|do the tyres need air?|how's the tire pressure|are my tires ok for the motorway|is one of the tyres flat|what pressure do the tyres have|the car feels wobbly, check the tires
        |should I pump up the tyres before the trip|read the tire sensors|tell me if a tyre is low|tires ok?""",
        "front = {float 1.8 2.9 1} bar; rear = {float 1.8 2.9 1} bar"),
    family("add_stop add_waypoint stop_on_the_way", "Add a stop to the current route.|Make a detour to a place on the way.|Insert a waypoint into the navigation.", (
        slot("place stop waypoint", "spot", "Where to stop.|The place to pass by."),),
        """add {place} as a stop|stop at {place} on the way|can we make a detour to {place}?|I need to pick something up at {place} first|add a stop, {place}|route via {place}|go past {place} on our way there
        |waypoint {place}|before we go home we have to pass by {place}, change the route|{place} on the way please|we still have time, put {place} in as a stop|insert {place} into the route""",
        "{int 2 40} min longer"),
    family("avoid_on_route route_avoid set_route_options", "Avoid a kind of road on the route.|Find a way around tolls, motorways or ferries.|Change what the navigation stays away from.", (
        choice("avoid what kind", "tolls|highways|ferries|tunnels|unpaved_roads", "What to avoid.|The kind of road.",
               {"tolls": ("tolls", "toll roads"), "highways": ("highways", "motorways"), "unpaved_roads": ("unpaved roads", "dirt roads")}),),
        """avoid {avoid}|avoid {avoid} on this route|no {avoid} please|find a way without {avoid}|route without {avoid}|I don't like {avoid}, take another way|can we get there without any {avoid}|stay away from {avoid}
        |is there a route with no {avoid}?|my caravan and {avoid} don't go together, avoid them|navigation: no {avoid}|keep me off {avoid} today""",
        "new route, {int 15 240} min"),
    family("plan_transit transit_route public_transport", "Plan a trip by public transport.|Tell how to get from one place to another by bus, tram or metro.|Find a connection within the city.", (
        slot("origin start from_place", "spot", "Where the trip starts.|The place to start from."), slot("destination goal to_place", "spot", "Where it ends.|The place to get to."),
        slot("when time at", "when", "When to go.|The time of the trip.", optional=True)),
        """how do I get from {origin} to {destination} by public transport|connection from {origin} to {destination}|bus or tram from {origin} to {destination}, {when}|I'm at {origin}, which tram takes me to {destination}
        |{origin} to {destination} by metro|to {destination} from {origin}, public transport please|{when} I have to get from {origin} to {destination}, no car|what's the best connection to {destination}? I start at {origin}
        |transit route {origin} - {destination}|my car is broken, plan a way from {origin} to {destination}|is there a bus from {origin} to {destination}|metro to {destination} {when}, I leave from {origin}""",
        "line {int 1 60}, {int 6 75} min"),
)  # fmt: skip

DAILY = (
    family("log_water drink_water track_hydration", "Record how much water was drunk.|Track hydration in milliliters.|Add a glass to the water diary.", (
        slot("milliliters ml amount", "grams", "How much, in ml.|The milliliters.", "integer"),),
        """I drank {milliliters} ml of water|log {milliliters} ml water|water: {milliliters} ml|just had a glass, {milliliters} milliliters|add {milliliters} ml to my water intake|{milliliters} ml drunk|track {milliliters} ml of water for today
        |finished my bottle, that's {milliliters} ml|put {milliliters} milliliters into the hydration diary|another {milliliters} ml of water down|can you note that I've drunk {milliliters} ml?|after the run I had {milliliters} ml of water, log that""",
        "{int 200 3000} ml today"),
    family("log_weight record_weight weigh_in", "Record the body weight.|Save what the scales show.|Add a weight to the health data.", (
        slot("kilograms weight kg", "weight", "The weight in kg.|What the scales show.", "integer"),),
        """I weigh {kilograms} kg|log my weight, {kilograms} kilos|weight {kilograms}|the scales say {kilograms} kg, save that|{kilograms} kg on the scales this morning|record {kilograms} kg as my weight|before breakfast my weight was {kilograms} kg
        |I'm down to {kilograms} kilos!|put {kilograms} kg in my health data|weigh-in: {kilograms} kg|oh no, {kilograms} kilos after the holidays, note it|{kilograms} kg body weight""",
        "trend {float -2 2 1} kg"),
    family("next_match next_game fixture", "Tell when a team plays next.|Look up the next match of a club.|Get the upcoming game of a team.", (
        slot("team club name", "team", "Which team.|The club."),),
        """when do {team} play next|next {team} match|who do {team} play next?|are {team} on this week|{team} next game|when's the next time I can watch {team}|what day is the upcoming match of {team}
        |I want to see {team} live, when do they play|{team}, next fixture|have {team} got a match on the weekend?|tell me when {team} play again|my son is a fan of {team}, when is their next game""",
        "{kind weekday} {kind time}, {pick home|away}"),
    family("ingredient_substitute replace_ingredient cooking_swap", "Suggest a substitute for an ingredient.|Tell what to use in a recipe instead of something.|Find a replacement for what is missing in the kitchen.", (
        slot("ingredient item missing", "crop", "The ingredient to replace.|What is missing."),
        choice("diet restriction kind", "vegan|gluten_free|lactose_free|low_sugar", "What the substitute must be.|A diet to respect.",
               {"gluten_free": ("gluten free",), "lactose_free": ("lactose free",), "low_sugar": ("low sugar",)}, optional=True)),
        """what can I use instead of {ingredient}|substitute for {ingredient}|I'm out of {ingredient}, what else works in the recipe?|replace {ingredient} in the recipe, it must be {diet}|{ingredient} substitute, {diet}
        |is there something {diet} I can take for {ingredient}|I have no {ingredient} at home, what would do|the recipe says {ingredient} but I don't have any|{diet} alternative to {ingredient}
        |swap for {ingredient}?|can I cook this without {ingredient}, and what goes in its place|my guest needs it {diet}, what do I put in for {ingredient}""",
        "{pick yogurt|oat milk|apple sauce|lentils|coconut oil|rice flour|white beans|chickpeas|pumpkin}"),
    family("roasting_time roast_minutes cooking_time", "Tell how long a piece of meat has to roast.|Work out the oven time for meat by its weight.|Get the cooking time of a roast.", (
        choice("meat kind animal", "beef|pork|lamb|chicken|turkey", "The kind of meat.|What is roasted."), slot("kilograms weight kg", "rate", "Its weight in kg.|How heavy it is.", "number")),
        """how long does {kilograms} kg of {meat} need in the oven|roasting time {meat} {kilograms} kg|I have {kilograms} kilos of {meat}, how long do I roast it?|{meat}, {kilograms} kg, how many minutes
        |{kilograms} kilos of {meat} just went in, when is it done|cooking time for {meat}: {kilograms} kg|the {meat} weighs {kilograms} kg, how long in the oven|{kilograms} kg {meat} roast, time?
        |guests are coming, how long must {kilograms} kg {meat} cook|tell me the oven time for {meat} of {kilograms} kg|for {kilograms} kilos, how long should {meat} roast|my {meat} has {kilograms} kg, is an hour enough or how long""",
        "{int 40 300} minutes"),
    family("dispense_pet_food feed_pet pet_feeder", "Let the feeder give a pet some portions.|Dispense food for a cat or dog from afar.|Feed a pet with the automatic feeder.", (
        slot("pet name animal", "pet", "Which pet is fed.|The name of the pet."), slot("portions count amount", "people", "How many portions.|The number of portions.", "integer", optional=True)),
        """feed {pet}|give {pet} {portions} portions|{pet} is hungry|can the feeder give {pet} something to eat|pet feeder: {pet}, {portions} portions|I'll be home late, please feed {pet}|dispense {portions} portions for {pet}
        |{portions} portions of food for {pet}|food for {pet}|did I forget {pet}? run the feeder|it's dinner time for {pet}, {portions} portions|{pet} keeps begging at the bowl, give in""",
        "{pick dispensed|bowl filled|fed}"),
    family("limit_screen_time set_screen_limit child_screen_time", "Limit how long a child may use the screen each day.|Set the daily screen time of a kid.|Restrict tablet and phone of a child.", (
        slot("child kid name", "person", "Which child.|The name of the kid."), slot("minutes limit per_day", "minutes", "Minutes a day.|The limit in minutes.", "integer")),
        """limit {child}'s screen time to {minutes} minutes|{child} gets {minutes} minutes of screen a day|screen time {child}: {minutes} min|{minutes} minutes on the tablet is enough for {child}|no more than {minutes} minutes of phone for {child}
        |can you restrict {child} to {minutes} minutes a day?|{child} is glued to that tablet, {minutes} minutes a day from now on|set a daily limit of {minutes} minutes for {child}|allow {child} {minutes} minutes of screen time
        |I want {child} to be off the screen after {minutes} minutes|{minutes} min screen limit, {child}|as of today {child} may only use the tablet {minutes} minutes""",
        "{arg minutes} min a day"),
    family("bedtime_story tell_story read_story", "Tell a bedtime story.|Make up a story for children about something.|Read a child a story before it sleeps.", (
        slot("topic about hero", "topic", "What the story is about.|The subject of the story."), slot("minutes length duration", "minutes", "How long it lasts, in minutes.|The length.", "integer", optional=True)),
        """tell a bedtime story about {topic}|tell us a story about {topic}|{minutes} minute story about {topic} please|story time: {topic}|the little one wants to hear a story about {topic}|bedtime story, {topic}, {minutes} minutes
        |can you make up a story with {topic} in it?|once upon a time... something about {topic} please|read the kids a story, {minutes} minutes, about {topic}|my daughter can't sleep, tell her a tale about {topic}
        |{topic}! we want a story about that|we have {minutes} minutes left for a story about {topic}""",
        "{arg topic}: once upon a time"),
    family("packing_list what_to_pack suitcase_list", "Make a packing list for a trip.|Tell what to put into the suitcase.|List what to take along for some days.", (
        slot("city destination place", "city", "Where the trip goes.|The destination."), slot("days length duration", "people", "How many days.|The length of the trip.", "integer"),
        choice("purpose kind trip_type", "business|beach|hiking|family", "The kind of trip.|What the trip is for.", optional=True)),
        """what should I pack for {days} days in {city}|packing list {city}, {days} days|make a packing list for a {purpose} trip to {city}, {days} days|we're going to {city} for {days} days, what goes in the suitcase?
        |{days} days {city}, what do I take along|I need a list of things to pack: {city}, {purpose}, {days} days|help me pack, it's {city} for {days} days|suitcase list for {days} days of {purpose} in {city}
        |my bag is still empty and I'm off to {city} for {days} days|what to pack for {city}? we stay {days} days|{purpose} trip, {city}, {days} days: packing list please|how much clothing do I need for {days} days in {city}""",
        "* {kind clothing}"),
    family("time_difference hours_between time_zone_gap", "Tell the time difference between two cities.|Get how many hours two places are apart on the clock.|Compare the time zones of two cities.", (
        slot("first city_a home", "city_from", "The first city.|Where the one clock is."), slot("second city_b other", "city_to", "The second city.|Where the other clock is.")),
        """what's the time difference between {first} and {second}|time difference {first} {second}|how many hours is {second} ahead of {first}?|I live in {first} and my friend in {second}, how far apart are our clocks|{first} vs {second}, hours
        |are {first} and {second} in the same time zone|compare the clocks of {first} and {second}|if I fly from {first} to {second}, how many hours do I change my watch|jet lag check: {first} to {second}
        |hours between {first} and {second}|by how many hours do {first} and {second} differ|is it later in {second} than in {first}, and by how much""",
        "{int -11 12} hours"),
    family("start_quiz quiz_me trivia_quiz", "Start a quiz about a subject.|Ask the user questions on something.|Begin a round of trivia.", (
        slot("subject topic category", "subject", "What the quiz is about.|The category."), slot("questions count rounds", "people", "How many questions.|The number of questions.", "integer", optional=True)),
        """quiz me on {subject}|start a quiz about {subject}|{questions} questions about {subject}|let's play trivia, {subject}|ask me {questions} questions on {subject}|I've got a test in {subject}, quiz me
        |{subject} quiz, {questions} questions|how good am I at {subject}? test me|long drive ahead, can we do a quiz on {subject}|trivia round: {subject}, {questions} questions please|I'm bored, ask me things about {subject}
        |give me a quiz with {questions} questions from {subject}""",
        "{pick quiz started|first question ready|ready}"),
    family("pronounce_word say_word pronunciation", "Say how a word is pronounced.|Speak a word aloud in a language.|Get the pronunciation of a word.", (
        slot("word term name", "word", "The word to pronounce.|What to say."), slot("language accent lang", "language", "In which language.|The accent.", optional=True)),
        """how do you pronounce {word}|how is {word} pronounced in {language}|pronounce {word}|say {word} out loud|pronunciation of {word}, {language}|what does {word} sound like|{word}, how do I say that?|I always stumble over {word}, say it for me
        |speak the word {word} with {language} pronunciation|could you pronounce {word} the {language} way|let me hear {word} in {language}|is the stress at the start of {word}? pronounce it""",
        "{pick spoken|played|stress on the first syllable|stress on the last syllable}"),
    family("log_spending add_expense_entry track_spending", "Record money that was spent.|Add a purchase to the household budget.|Keep track of private spending.", (
        slot("amount sum money", "money", "How much was spent.|The amount.", "number"),
        choice("category kind budget", "groceries|clothes|fun|transport|health", "What it was spent on.|The category of the budget.")),
        """I spent {amount} on {category}|log {amount} for {category}|{amount} {category}|add {amount} to my {category} budget|track this: {category}, {amount}|just paid {amount}, put it under {category}
        |another {amount} gone for {category}|can you note {amount} spent on {category}?|budget entry {category} {amount}|{category} cost me {amount} today, write it down|household budget: minus {amount}, {category}
        |under {category}, record {amount}""",
        "{float 10 900 2} left this month"),
)  # fmt: skip

ASSISTING = (*PHONE, *PLANNING, *MEDIA, *HOME_AND_CAR, *DAILY)
