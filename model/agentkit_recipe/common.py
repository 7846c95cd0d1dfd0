# ruff: noqa: E501 (lists of words)
"""More words for the values of training requests: what people name, write and call things in so many words.

Held-out values are drawn from the shorter lists of `values` and `vocabulary` alone, so that the held-out cases stay as
they are; of these here, too, training takes only those that are not of the held-out split.
"""

from __future__ import annotations

from .vocabulary import listed

WORDS = listed("""ability, access, account, acid, action, actor, address, advice, agenda, agent, agreement, air, airline, alarm, album, alert, alley, alloy,
    amount, analysis, angle, animal, ankle, answer, apartment, appeal, appetite, apron, arcade, arch, area, argument, arm, army, arrow, article, artist,
    ash, aspect, asset, athlete, atlas, atom, attempt, attic, auction, audience, audit, aunt, author, avenue, award, axis, axle, bacon, badge, bag, bakery,
    ball, ballet, balloon, bamboo, band, bandage, bank, bar, barber, bargain, bark, barn, barrel, base, basement, basin, bat, bath, battery, battle, bay,
    beacon, bead, beak, beam, bear, beard, beast, beat, bed, beer, bell, belt, bench, berry, bicycle, bill, bin, bird, biscuit, bishop, blade, blame, blaze,
    block, blog, blood, blossom, board, bolt, bomb, bond, bone, bonus, book, boot, border, boss, bowl, box, boy, brain, brake, branch, brand, brass, bread,
    breath, brick, bride, broom, brother, brush, bubble, bucket, bud, buffet, bug, building, bulb, bull, bullet, bundle, burger, bush, business, butcher,
    butterfly, buyer, cab, cabbage, cabin, cabinet, cable, cage, cake, calendar, camera, campaign, canal, canyon, cap, cape, capital, captain, carbon, card,
    career, cargo, carpet, carrot, cart, cartoon, case, cash, castle, cat, cave, ceiling, cell, cellar, center, ceremony, chain, chair, chalk, champion,
    chance, change, channel, chaos, charity, charm, chase, cheek, chef, cherry, chest, chief, child, chimney, choice, choir, circle, circus, citizen, city,
    claim, class, clay, climate, climb, clinic, clock, cloth, cloud, club, clue, coach, coal, coast, coat, cobweb, code, coffin, coin, cold, collar,
    college, colony, column, comedy, comet, comfort, command, comment, company, concept, concert, condition, confusion, contest, context, copy, coral, cord,
    core, cork, costume, cottage, couch, council, counter, country, county, couple, course, court, cousin, cover, cow, crab, crack, cradle, craft, crane,
    crash, crate, credit, creek, crew, crime, crisis, critic, crop, cross, crow, crowd, crown, crumb, crust, cube, culture, cup, cure, curtain, curve,
    cushion, custom, cycle, dam, damage, dance, danger, dark, data, date, daughter, dawn, day, deal, death, debate, debt, decade, deck, deer, degree,
    delay, delivery, demand, demo, depth, desk, detail, detective, device, devil, dew, dialog, diamond, diet, dinosaur, direction, dirt, discount, disease,
    dish, disk, ditch, diver, dock, dog, doll, dollar, dome, donkey, door, dose, dot, doubt, dough, dragon, drain, drama, drawer, dress, drill, drink,
    driver, drum, duck, duke, dust, duty, eagle, ear, earth, east, edge, editor, education, effect, effort, egg, elbow, election, elephant, elevator, elm,
    emotion, empire, employee, enemy, energy, engineer, entrance, envelope, episode, equipment, error, escape, estate, event, evidence, evil, example,
    exhibit, exit, expert, export, eye, fabric, face, fact, factory, fairy, faith, fall, fame, family, fan, farm, fashion, father, fault, favor, fear,
    feast, fee, fence, fern, ferry, fever, fiber, fiction, field, fig, fight, figure, file, film, filter, finger, fire, fist, flag, flame, flash, flavor,
    fleet, flood, floor, flower, flute, fly, foam, focus, fog, folder, folk, food, foot, force, fork, fortune, forum, fossil, fox, frame, fridge, friend,
    frog, front, frost, fruit, fuel, fun, function, fund, funeral, fur, furniture, future, galaxy, gallery, gap, gas, gate, gear, gem, gene, genius, ghost,
    giant, giraffe, girl, glacier, glass, globe, glory, glove, goal, goat, gold, golf, goose, grade, grain, grammar, grape, graph, grass, gravity, grease,
    grid, grill, grip, ground, group, growth, guard, guess, guest, guilt, gum, gun, guy, habit, hail, hair, half, hall, hamster, hand, handle, harvest, hat,
    hawk, hay, head, health, heap, heart, heat, heaven, hedge, heel, height, helmet, help, hen, herb, hero, highway, hike, hill, hint, hip, hobby, hole,
    home, honey, hood, hook, horizon, horn, horse, hose, host, hour, house, humor, hunter, hurricane, husband, hut, ice, icon, idea, image, impact, income,
    index, industry, ink, insect, inside, interest, interview, iron, issue, item, ivory, jail, jar, jaw, jazz, jeans, jelly, jet, jewel, job, joke, joy,
    judge, juice, jungle, jury, kettle, keyboard, kid, king, kiss, kit, kite, kitten, knee, knife, knight, knot, lab, label, labor, lace, lake, lamb, land,
    lane, language, lap, laser, laugh, laundry, lava, law, lawn, layer, leader, leaf, leak, league, leather, lecture, leg, legend, lemon, lens, level,
    lever, license, lid, life, lift, light, lightning, lily, limb, limit, line, link, lion, lip, list, liver, load, loan, lobby, lobster, lock, log, loop,
    loss, lotus, love, luck, luggage, lumber, lunch, lung, machine, magazine, magic, magnet, mail, major, mall, mammal, man, map, marathon, march, margin,
    mask, mass, mast, master, match, material, math, matter, mayor, maze, meal, meaning, meat, medal, media, medicine, melon, member, mention, message, metal,
    meteor, method, microphone, middle, midnight, milestone, mill, mind, mine, minister, minor, mint, minute, miracle, mission, mist, mistake, mixture, model,
    module, moment, monkey, monster, month, mood, moon, moss, moth, mother, motion, motor, mouse, mouth, movie, mud, muffin, mug, muscle, mushroom, music,
    nail, name, nation, nature, neck, neighbor, nephew, nerve, nest, net, network, news, newsletter, nickel, niece, night, noise, noodle, noon, north, nose,
    note, notice, number, nurse, nut, oak, oar, oasis, oat, object, obstacle, odor, offer, officer, oil, onion, opening, opera, opinion, option, orange,
    orbit, orchard, orchestra, order, organ, origin, outfit, output, oven, owl, owner, oxygen, oyster, pace, pack, package, page, pain, paint, pair, palace,
    palm, pan, pancake, panel, panic, pants, parade, paradise, parent, parking, parrot, part, partner, passage, passenger, pasta, path, patient, pattern,
    pause, peace, peach, peak, peanut, pearl, pen, penguin, pension, people, performance, permit, person, pet, phase, phone, phrase, piano, picnic, picture,
    pie, pig, pigeon, pile, pill, pin, pine, pipe, pirate, pistol, pitch, pizza, place, plain, plane, plank, plant, plastic, plate, platform, play, player,
    plot, plug, plum, plumber, poem, point, poison, pole, police, policy, pond, pony, pool, pop, population, porch, port, post, pot, potato, powder, power,
    practice, prayer, presence, present, president, press, price, pride, priest, prince, print, priority, prison, prize, problem, process, product, profile,
    profit, program, promotion, proof, property, protein, protest, pub, public, pudding, pump, punch, pupil, puppet, puppy, purpose, purse, push, pyramid,
    quality, quarter, queen, quest, question, queue, quilt, quiz, quote, race, rack, radar, radio, raft, rail, rain, rainbow, rally, ranch, range, rank, rat,
    rate, ray, razor, reactor, reader, reality, reason, rebel, receipt, record, reef, referee, region, relief, remedy, remote, request, rescue, research,
    resort, rest, result, resume, return, revenge, reward, ribbon, rice, ride, ring, risk, ritual, rival, road, robe, robot, rock, role, roof, room, root,
    rope, rose, route, routine, row, rubber, rug, rule, rumor, runner, sack, saddle, safari, safety, sail, saint, salad, sale, salt, sand, sandal, sandwich,
    satellite, sauce, saw, scale, scandal, scarf, scene, scholar, science, scissors, scooter, score, scout, scrap, screen, screw, script, sea, seal, season,
    seat, secretary, section, seed, senate, sense, sequel, series, server, service, session, shade, shape, share, shark, shed, sheep, sheet, shelf, shell,
    shelter, shield, shift, ship, shirt, shock, shoe, shop, shore, shoulder, shovel, show, shower, shrimp, sibling, side, sign, silence, silk, singer, sink,
    siren, sister, site, size, skate, ski, skill, skin, skirt, skull, sky, slave, sleep, sleeve, slice, slide, slipper, slope, smell, smile, smoke, snack,
    snail, snake, snow, soap, society, sock, sofa, software, soil, soldier, solution, song, sound, soup, source, south, space, spade, spark, speaker, speech,
    speed, spell, spice, spider, spike, spirit, sponge, spoon, sport, spot, spray, squad, squirrel, stable, stadium, staff, stage, stair, stamp, stand, star,
    start, state, statement, status, steak, steam, steel, stem, step, stick, stock, stomach, stone, stool, storage, store, storm, story, stove, stranger,
    straw, stream, street, strength, stress, strike, string, stripe, structure, student, studio, study, stuff, style, subject, suburb, success, sugar, suit,
    sun, sunset, supper, supply, surface, surfer, surgeon, surprise, swan, sweat, sweater, swing, switch, sword, symbol, system, tail, tailor, tale, talent,
    talk, tank, tap, tape, target, task, taste, tattoo, taxi, tea, team, tear, technology, telephone, telescope, temper, tennis, term, terminal, terrace,
    territory, test, text, theme, theory, thief, thing, thorn, thread, throat, throne, thumb, tide, tie, tiger, tile, timber, tin, tip, tire, tissue, title,
    toast, toe, toilet, tomato, ton, tongue, tool, tooth, topic, torch, tornado, touch, tour, tourist, towel, town, toy, track, tractor, trade, traffic,
    trail, trailer, transfer, translation, trap, tray, treasure, treat, tree, trend, trial, triangle, tribe, trick, trombone, trophy, trouble, truck, trumpet,
    trunk, trust, truth, tube, tune, turkey, turn, twig, twin, type, uncle, uniform, union, unit, universe, update, user, vacation, van, vase, vehicle, vein,
    version, vest, victim, victory, view, villain, vine, virus, vision, visit, visitor, vitamin, voice, volcano, volume, vote, voyage, wage, wagon, waist,
    waiter, walk, wall, walnut, war, wardrobe, warehouse, warning, wasp, waste, watch, water, wave, wax, way, wealth, weapon, weather, web, website, weed,
    week, weekend, weight, west, whale, wheat, whistle, wife, wig, wild, wind, wine, wing, winner, wire, wish, witch, witness, wolf, woman, wood, wool, word,
    work, worker, workshop, world, worm, wound, wrist, yacht, yard, year, youth, zebra, zone, zoo, absent, active, afraid, alone, ancient, angry, annual,
    awful, bad, basic, beautiful, best, big, bitter, black, blind, bold, boring, busy, careful, cheap, clean, clear, close, common, cool, correct, crazy,
    cruel, daily, dead, deaf, deep, dirty, double, dry, dull, early, easy, empty, equal, exact, extra, fair, false, famous, fancy, fast, fat, final, fine,
    firm, first, fit, flat, free, fresh, friendly, full, funny, general, good, grand, great, happy, hard, heavy, high, honest, hot, huge, hungry, ill, kind,
    large, last, late, lazy, left, little, long, loose, loud, low, mad, main, mean, mild, narrow, nasty, natural, neat, new, nice, noisy, normal, odd, old,
    open, original, perfect, plain, polite, poor, pretty, private, proud, pure, quick, rare, raw, ready, real, red, rich, right, ripe, rough, round, royal,
    sad, safe, sharp, short, shy, sick, silly, simple, slow, small, smart, smooth, soft, solid, sour, spare, special, strange, strict, strong, sudden, super,
    sure, sweet, tall, thick, thin, tight, tiny, tired, tough, true, ugly, unique, upper, urgent, usual, vast, warm, weak, weird, wet, whole, wide, wise,
    wrong, young, api, app, auth, backend, batch, beta, build, bot, browser, cache, client, cloud, cluster, config, cookie, cron, css, dashboard, debug,
    deploy, docs, domain, driver, email, endpoint, feature, feed, firewall, firmware, fixture, frontend, gateway, git, handler, header, hotfix, inbox,
    ingest, json, kernel, key, lambda, layout, library, linter, locale, login, mailer, merge, metrics, migration, mobile, monitor, node, notifier, parser,
    patch, pipeline, plugin, pod, portal, proxy, query, refactor, registry, repo, router, schema, scraper, sdk, search, signup, snapshot, socket, sql,
    staging, stats, stripe, sync, template, thread, token, tracker, trigger, upload, vault, webhook, widget, worker, xml, yaml""")
FIRST_NAMES = listed("""Aaron, Abigail, Agnes, Ahmed, Aisha, Alan, Albert, Alex, Alina, Amara, Amelia, Amy, Andre, Andrea, Andy, Angela, Anita, Anton, Arjun, Arthur, Astrid, Audrey,
    Aurora, Barbara, Beatrice, Benjamin, Bernd, Beth, Bianca, Bill, Björn, Bruno, Caleb, Camila, Carlos, Caroline, Cecilia, Chiara, Chloe, Christina, Claire, Claudia,
    Colin, Craig, Dana, Daria, Dean, Deborah, Denis, Derek, Diego, Dmitri, Dora, Edgar, Edith, Eleanor, Elias, Elif, Eliza, Ella, Ellen, Emil, Emily, Enzo, Erin,
    Esther, Ethan, Eugene, Faisal, Finn, Flora, Florian, Francesca, Fred, Gabriel, Gary, Giulia, Gloria, Greta, Gustav, Hana, Harold, Harry, Hassan, Heidi,
    Helen, Helga, Hiro, Holly, Ian, Ida, Imani, Irene, Isaac, Isabel, Ismail, Jacob, Jana, Jasmin, Jason, Jean, Jenny, Jeremy, Jessica, Jill, Joan, Joe, Johanna,
    John, Jonas, Jorge, Joseph, Josh, Juan, Judith, Jürgen, Kai, Karim, Karl, Kathrin, Keiko, Kenji, Kerstin, Kim, Klara, Kofi, Kurt, Kyle, Leila, Leon, Leonie,
    Levi, Liam, Lily, Lina, Linda, Lisa, Liz, Logan, Lorenzo, Louis, Lucy, Luigi, Luis, Luke, Lydia, Maja, Manuel, Marco, Marcus, Margaret, Marie, Mario, Mark,
    Marta, Mary, Matt, Matteo, Maya, Megan, Mehmet, Michael, Miguel, Mike, Milan, Miriam, Moritz, Nadine, Naomi, Natalie, Nathan, Neil, Niko, Nora, Olaf, Oliver,
    Otto, Pablo, Pam, Patricia, Patrick, Paula, Penny, Phil, Pia, Pierre, Rafael, Rahul, Rania, Ray, Rebecca, Renate, Ricardo, Rita, Roger, Roland, Roman, Ron,
    Rosie, Roy, Ryan, Sabine, Said, Sally, Salma, Samuel, Sandra, Sanjay, Sara, Sascha, Scott, Sean, Selma, Sergio, Shirin, Silvia, Stefan, Stella, Steve, Sue,
    Susan, Tamara, Tanja, Tariq, Ted, Teresa, Thomas, Tim, Tobias, Tony, Tracy, Uwe, Valeria, Vanessa, Vincent, Viola, Walter, Wei, Wilma, Xavier, Yasmin, Yusuf""")
LAST_NAMES = listed("""Abbott, Ahmed, Allen, Andersson, Bauer, Becker, Bennett, Bernard, Berg, Bianchi, Bishop, Blake, Bond, Brooks, Burke, Butler, Campbell, Carlson, Castro, Chan, Chapman,
    Christensen, Cole, Collins, Conti, Cruz, Dahl, Delgado, Diaz, Dixon, Duarte, Duncan, Durand, Eriksen, Esposito, Farrell, Fernandez, Ferrari, Fletcher, Fontaine, Ford,
    Fox, Fuchs, Gallo, Gomez, Gordon, Graham, Grant, Gruber, Gupta, Haas, Hall, Hansen, Harper, Harris, Hayes, Hill, Hoffmann, Holm, Howard, Huber, Hunter, Ibrahim,
    Ito, Jackson, Jansen, Jensen, Johansson, Jones, Joshi, Kaiser, Keller, Kelly, Kennedy, Klein, Koch, Kowalski, Kumar, Lambert, Lang, Lee, Leroy, Lind, Lopes, Maier,
    Marino, Martinez, Mason, Mehta, Mendes, Meyer, Mills, Morris, Murphy, Murray, Nakamura, Nguyen, Nielsen, Nowak, O'Brien, O'Connor, Olsen, Ortiz, Owen, Park, Pereira,
    Perez, Petersen, Petrov, Pinto, Porter, Powell, Quinn, Ramos, Reyes, Ricci, Richter, Riley, Rivera, Roberts, Rogers, Romano, Ross, Russo, Sanchez, Santos, Sato,
    Schmidt, Schneider, Schulz, Shah, Sharma, Shaw, Simmons, Simon, Sousa, Steele, Stone, Suzuki, Taylor, Thompson, Torres, Tucker, Vargas, Vogel, Wagner, Wallace, Watson,
    Webb, Wells, West, White, Wolf, Wong, Wood, Wright, Yamamoto, Yang, Yilmaz, Zhang, Zimmermann""")
TITLES = listed("""Africa Calling, After the Rain, Against the Wind, All Night Long, All or Nothing, Almost Home, Always Tomorrow, An Honest Man, Angels of the North, Another Monday,
    Around the Corner, As It Was, Ashes, At Last, Autumn Leaves, Avalanche, Back to Black, Bad Dreams, Before You Go, Behind Blue Windows, Better Days, Between Us, Big Little Secrets,
    Bittersweet, Blackbird, Blood Moon, Blue Monday, Born Again, Break Free, Breathe, Bridges, Broken Arrows, Burning Bright, By the River, Call Me Maybe Later, Carry On, Chasing Cars,
    City of Stars, Clocks, Close to You, Closer, Cold Water, Come Together, Counting Stars, Crazy, Creep, Crossroads, Cry Me a Lake, Dance with Me, Dancing Queen, Dark Waters,
    Dead Man Walking, Dear Mother, Don't Look Back, Don't Stop, Dream On, Drive, Dust in the Wind, Easy, Echoes, Eight Days a Week, Electric Feel, Endless Love, Every Breath, Everything Must Go,
    Eye of the Tiger, Faded, Falling Slowly, Family Business, Fast Car, Feeling Good, Fields of Gold, Fire and Rain, First Light, Fix You, Fly Away, Follow Me, Forever Young, Free Bird,
    Friday Night, Game Over, Ghosts, Gimme Shelter, Go Your Own Way, Gone with the Tide, Good Morning, Good Riddance, Goodbye Yellow, Great Expectations, Guilty Pleasures, Hallelujah, Happy Together,
    Hard Times, Heart of Glass, Heat, Heaven Can Wait, Hello, Here Comes the Sun, Hey You, Higher Ground, Hold On, Home Again, How to Bake Bread, Human, Hunger, I Am Here, I Want It All, Iceland,
    If Only, Imagine, In the Air, In the Dark, Into the Wild, Iron Sky, Island in the Sun, It Must Be Spring, Jolene, Jump Around, Just Like That, Karma, Keep Walking, Killer, Kind of Blue, King of Pain,
    Last Train Home, Lazy Sunday, Let It Go, Let Me In, Letters from Home, Life on Mars, Light Years, Lights Out, Like a Stone, Listen, Little by Little, Live and Let Live, Lonely Boy, Long Way Down,
    Lost, Lost and Found, Love Story, Lovely Day, Lucky Man, Mad World, Man in the Mirror, Maybe, Memories, Midnight Express, Miracle, Miss You, Modern Times, Moonlight, More Than Words, Mother Earth,
    Moving On, Mr. Blue, My Way, Naked Truth, Never Enough, Never Say Never, New Rules, Night Fever, Night Shift, No Time to Lose, Nobody Knows, North and South, Nothing Else, Now or Never, Ocean Drive,
    Off the Wall, Old Friends, On the Road Again, Once Upon a Winter, One, One More Time, Only You, Open Arms, Our House, Out of Office, Over the Hills, Paper Planes, Paradise City, Parallel Lines, Perfect Day,
    Piece of Me, Planet of Sound, Pressure, Pretty Woman, Promises, Proud Mary, Purple Skies, Quiet Please, Rain Man, Raise Me Up, Red Red Roses, Respect, Riders, Ring of Fire, Rise, River, Roads, Rocket Science,
    Rolling Home, Running Up, Same Old Story, Save Tonight, Say Something, Seven Nights, Shake It, Shallow, She Moves, Shelter, Shine, Silent Lucidity, Simple Things, Since Yesterday, Skyline, Sleepwalkers,
    Slow Down, Small Gods, Smoke, So What, Somebody Else, Someone Like Him, Something Blue, Sound of Silence, Space Oddity, Stand by Me, Starlight, Stay, Still Waters, Stop, Stories of Us, Strange Days, Stronger,
    Summer of Love, Sunday Morning, Superman, Survivor, Sweet Dreams, Take Five, Take Me Home, Talk to Me, Tell Her, The Big Short, The Blue Hour, The Boxer, The Crown, The Daily Bread, The End, The Final Cut,
    The Great Escape, The History of Rain, The Joker, The Kitchen Table, The Letter, The Long Walk, The Night Manager, The Office Party, The Other Side, The Second Sex, The Stranger, The Wall, The Way Back,
    Things We Lost, This Is Now, Three Little Birds, Thriller, Time After Time, Tiny Dancer, To Build a Home, Tomorrow, Too Late, Toxic, Trains and Winter Rains, True Colors, Trust Issues, Turn the Page, Twist,
    Two of Us, Umbrella, Under Pressure, Unforgettable, Up Where We Belong, Uptown, Vienna, Viva, Waiting, Wake Up Call, Walk This Way, War Stories, Waterfalls, We Belong, What a Day, What If, When We Were Small,
    Where Is My Mind, White Flag, Who Knows, Why, Wicked Game, Wild Horses, Winter Song, Wish You Well, With or Without Me, Wonderful, World on Fire, Yellow, You and I, You Got It, Young Americans, Your Song, Zero, Zombie""")
ARTISTS = listed("""Aretha Franklin, Arcade Fire, Billie Holiday, Billy Joel, Blondie, Bon Iver, Bruce Springsteen, Carole King, Cat Stevens, Cher, Chet Baker, Depeche Mode, Duke Ellington, Eagles,
    Elton John, Eric Clapton, Etta James, Fleetwood Mac, Foo Fighters, Frank Sinatra, Gorillaz, Green Day, Guns N' Roses, Hans Zimmer, Iron Maiden, James Brown, Janis Joplin, Jeff Buckley,
    Jimi Hendrix, John Coltrane, Joni Mitchell, Kate Bush, Kraftwerk, Lady Gaga, Led Zeppelin, Leonard Cohen, Lou Reed, Metallica, Moby, Muse, Neil Young, Nirvana, Norah Jones, Otis Redding,
    Patti Smith, Pearl Jam, Peter Gabriel, Philip Glass, Phil Collins, R.E.M., Ray Charles, Simon and Garfunkel, Sting, Stevie Wonder, Supertramp, Talking Heads, Taylor Swift, The Beach Boys,
    The Clash, The Cure, The Doors, The Police, The Rolling Stones, The Smiths, The Strokes, The Who, Tina Turner, Tom Waits, Tracy Chapman, U2, Van Morrison, Whitney Houston""")
NAMED = listed("""Friday drinks, budget review, annual report, sales kickoff, summer party, bachelor party, game night, book club, parents' evening, team lunch, farewell party, board meeting, design sprint,
    code freeze, product demo, wine tasting, garage sale, house warming, school play, charity run, office move, baby shower, ski trip, city tour, welcome dinner, open day, job fair, tax return,
    car service, gym class, piano lesson, flu shot, oil change, pub quiz, film night, choir practice, harvest festival, market research, press release, price list, user survey, road map, daily standup,
    weekly sync, mid-term review, security audit, server migration, data cleanup, bug bash, new logo, landing page, contact form, shopping cart, password reset, dark mode, cookie banner, search bar,
    release notes, test coverage, error page, login screen, image upload, payment form, mobile menu, empty state, memory leak, broken link, wrong total, missing invoice, slow query, expired certificate,
    spare parts, garden tools, cleaning stuff, camping gear, baking things, art supplies, holiday wishes, books to read, movies to see, places to go, weekend chores, workout mix, party hits, slow jazz,
    rainy days, morning run, deep focus, road songs, kids' favorites, old classics, sleep sounds, dinner music, my top ten, best of the nineties, to do, reading list, wish list, guest list, inventory""")
NOTES = listed("""walk the dog, feed the fish, call the bank, pay the rent, buy stamps, mow the lawn, do the dishes, fold the laundry, take my pills, empty the bins, clean the oven, change the sheets, pick up the kids,
    drop off the parcel, cancel the gym, write to grandma, back up the phone, charge the car, defrost the fish, book the dentist, order a cake, return the shoes, sign the form, iron the shirts, answer Paul,
    prepare the slides, send the invoice, update my resume, read chapter four, practise scales, stretch, drink some water, check the tires, renew the visa, buy a present for Jill, fix the tap, vacuum the stairs,
    lock the shed, turn the heating down, water the ferns, pack the bags, print the tickets, meet Carla at the station, thank the neighbours, bring the charger, hand in the essay, submit expenses, call my agent,
    vote, stop at the pharmacy, get some cash, take out the compost, bake cookies for school, wish Dad a happy birthday, review the pull request, push the release, ask HR about holidays, plan the offsite""")
MESSAGES = listed("""on my way, I'll be there soon, running late, stuck in traffic, dinner's in the oven, call me when you can, can't talk now, what time is it over there?, did you eat already?, the kids are asleep,
    I got the job!, see you on Sunday, don't forget the wine, happy anniversary, the flight is delayed, we landed safely, I left the keys under the mat, could you pick up some bread?, the meeting starts now,
    please send me the file, thanks again for last night, I'm outside, which floor?, leave a light on, the plumber is here, no worries, sounds great!, I'll think about it, let's talk tomorrow, where did you park?,
    good luck with the exam, we are out of milk, your package has arrived, do you need anything from town?, my phone is dying, the code is in your mail, I'm proud of you, sorry I missed your call, are we still on for tonight?,
    Mom says hi, it's snowing here, the door was open, what's the wifi password?, welcome aboard, please confirm the date, your table is ready, the car won't start, I need five more minutes, back at noon,
    can we move it to Thursday?, who is bringing the cake?, it's a girl!, rent is due on Friday, the printer works again, everything went well, get home safe, congratulations to you both, I miss our chats""")
ITEMS = listed("""bagels, pretzels, ham, bacon, sausages, salami, turkey, salmon, tuna, shrimp, feta, mozzarella, parmesan, cream cheese, sour cream, oat milk, soy milk, hazelnuts, raisins, dates, figs, plums, pears, peaches, mangoes, kiwis,
    melon, pineapple, cherries, avocados, zucchini, eggplant, cauliflower, broccoli, beets, radishes, parsley, thyme, chili, curry powder, paprika, soy sauce, mayonnaise, pickles, olives, capers, crackers, popcorn, granola, pancakes mix,
    maple syrup, cocoa, gummy bears, wine, beer, sparkling water, apple juice, detergent, bleach, tissues, diapers, razors, shaving cream, sunscreen, bandages, deodorant, conditioner, cotton pads, foil, zip bags, scissors, nails, screws,
    paint, brushes, a hammer, light switches, extension cords, printer ink, notebooks, pens, markers, birthday cards, wrapping paper, balloons, charcoal, firewood, bird seed, cat litter, flea drops, potting soil, tulip bulbs, a hose""")
COMPANIES = listed("""Acme, Globex, Initech, Umbrella Foods, Northgate, Bluebird Media, Harbor Logistics, Pine & Partners, Sunrise Bakery, Delta Motors, Kraft Legal, Orion Systems, Redwood Capital, Silverline, Vertex Labs, Zenith Insurance, Green Valley Farms,
    Baker Brothers, Alpine Sports, Metro Taxi, Brightside Dental, Cornerstone Homes, Evergreen Energy, Falcon Air, Golden Gate Travel, Hilltop School, Ironworks, Juniper Health, Keystone Bank, Lakeside Hotel, Maple Leaf Books, Nimbus Cloud,
    Oak Street Clinic, Pioneer Foods, Quantum Security, Riverside Studio, Summit Consulting, Trident Shipping, United Steel, Vista Print, Westfield Garage, Yellow Cab, Moser GmbH, Lund AB, Costa e Filhos, Dupont et Fils, Weber & Co""")
DEVICES = listed("""bar light, bedside lamp, ceiling fan, chandelier, coffee machine, dehumidifier, disco ball, dimmer, egg cooker, espresso machine, fairy lights, fireplace, floodlight, fridge, garage opener, grill, hair dryer, hallway lamp, heating,
    heat pump, hot tub, ice maker, infrared sauna, jukebox, laptop charger, lawn mower, led strip, outdoor speaker, patio heater, plug in the hall, pool pump, radiator, record player, rice cooker, security camera, shutters, slow cooker, soundbar,
    spotlight, string lights, subwoofer, towel warmer, vacuum robot, ventilation, wall light, water fountain, window fan, wine cooler""")
ROOMS = listed("""annex, antechamber, atrium, back room, bar, billiard room, boathouse, boiler room, breakfast room, carport, changing room, children's room, classroom, conference room, craft room, darkroom, dressing room, downstairs, drawing room, ensuite,
    family room, first floor, front yard, greenhouse, guest bathroom, guest house, home office, kitchenette, landing, living area, locker room, lounge, mezzanine, mudroom, music room, open space, parlor, penthouse, pool house, powder room, reading corner,
    reception, sauna, server room, showroom, sitting room, stairwell, storage room, tool shed, top floor, upstairs, utility room, waiting room, walk-in closet, wine cellar, winter garden, yoga room, backyard, driveway""")

BEFORE = tuple(line.strip() for line in """
I have a long day ahead.
I'm in the {word} right now.
The {word} is gone again!
The {word} just broke,
{person} is on the way,
{person} told me to ask you.
My {word} is full, so
I can't find my {word}.
I'm meeting {person} in {city}.
It is {time} already,
It's getting dark,
It's too loud in here,
My hands are dirty, so
The guests are coming,
We are in {city} now,
We're back from {city}.
We ran out of {item}.
We had {food} for dinner,
I was at the {word} all morning.
I read about {topic} yesterday.
There was a {word} in the {room}.
The {device} makes a strange noise.
Somebody moved the {word}.
I forgot my {word} at home.
I'm writing the {word} report, so
I'm cooking {food},
Before I leave,
Before I forget:
Before the {word} starts,
After the {word} we talked,
As {person} asked for it,
As agreed with {person},
Because of the {word}
Since {person} is away,
If you have a minute,
If it's not too late,
While I look for my {word},
While we wait for {person},
When you are done with that,
Now that the {word} is over,
Good news!
Bad news.
Change of plans.
Quick one:
Next:
New day, new luck.
No rush, but
One last thing before the {word}:
Ok, the {word} is done.
Oh no, the {word}!
Damn, I nearly missed it.
Guess what, {person} won the {word}.
You know what?
You won't believe it, the {word} works.
I just talked to {person},
I just got a mail from {person}.
I just sat down,
I hurt my {word} yesterday.
I'm at work until {time},
I'm on the train to {city},
I'm not sure about the {word},
I'm tired of the {word},
I've been thinking about {topic}.
My phone is at {small_int} percent,
My {word} costs too much.
My brother likes {topic},
My neighbour asked about the {word},
My mother is {small_int} minutes late,
The kids want {food},
The baby sleeps,
The weather in {city} is awful.
The {word} has been {color} for {small_int} days.
The customer called twice.
Our {word} is down,
Our team lost,
Thanks, that {word} was great!
That was the {word}.
This {word} drives me mad.
Today is the day.
Tomorrow I travel to {city},
Tonight we watch the {word},
""".strip().splitlines())  # fmt: skip
"""What may be said before a request and has nothing to do with it."""

AFTER = tuple(line.strip() for line in """
I'll be in {city} anyway.
It was {person}'s idea.
It's too {word} here.
It has been bothering me since {weekday}.
My {word} is in the {room}.
My hands are full.
{person} asked me to.
{person} will be happy.
The {word} is almost over.
The {word} can wait.
The {word} starts at {time}.
The meeting with {person} is over.
The guests like {food}.
We are out of {item} anyway.
We talked about it on {weekday}.
I think the {word} is the reason.
I can't reach the {word} from here.
I promised it to {person}.
I always forget.
Don't tell {person}.
Don't wait for the {word}.
No hurry.
That's all for the {word}.
That would help a lot.
Then I can go to the {word}.
The rest comes later.
You are the best.
Thanks a million!
""".strip().splitlines())  # fmt: skip
"""What may be said after it."""
