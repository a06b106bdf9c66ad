"""Names of people in ten languages, as many different ones as a large group of companies has.

Frequent names are frequent: given names and surnames are drawn with Zipf's weights from lists, and of each
language a part of the surnames is composed of syllables that surnames of that language are made of, so that the
tail is as long as in life. The same seed gives the same people.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple


class Named(NamedTuple):
    """A person's name in its two parts."""

    given: str
    surname: str


@dataclass(frozen=True)
class Language:
    """Given names, common surnames, and the pieces of rarer ones."""

    given: tuple[str, ...]
    surnames: tuple[str, ...]
    starts: tuple[str, ...]
    middles: tuple[str, ...]
    ends: tuple[str, ...]
    double: float = 0.02
    """How many bear two surnames."""
    two_given: float = 0.05
    particle: tuple[str, ...] = ()


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LANGUAGES: Final = (
    Language(  # German
        _split(
            "Maria Thomas Andreas Sabine Stefan Petra Michael Susanne Jürgen Ursula Günther Käthe Björn Sönke Jörg "
            "Matthias Karin Monika Ingrid Uwe Heike Bernd Renate Klaus Ute Wolfgang Brigitte Markus Anna Lena Jonas "
            "Lukas Emma Mia Hannah Felix Leon Paul Finn Elisabeth Johanna Friedrich Wilhelm Anneliese Gisela Hildegard "
            "Manfred Helmut Gerhard Horst Dieter Werner Heinz Rüdiger Götz Grit Antje Silke Anke Kerstin Birgit "
            "Claudia Martina Daniela Nicole Sandra Tanja Katrin Anja Sven Torsten Dirk Frank Ralf Holger Marianne "
        ),
        _split(
            "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter "
            "Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Werner Krause Lehmann "
            "Köhler Maier Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn "
            "Vogel Friedrich Keller Günther Berger Winkler Lorenz Schuster Böhm Groß Jäger Köhntopp Lüdenscheidt "
            "Goethe Strauß Voß Größmann Kühn Hübner "
        ),
        _split(
            "Ahl Alten Ber Birk Blum Böck Brand Bruch Buch Dorn Eber Eich Eisen Engel Fein Feld Frei Gold Grün Hammer "
            "Hart Heil Hirsch Hoch Holz Kalten Kirch Klein Kup Lang Lin Löwen Mann Mühl Nieder Ober Oster Pfeif Quandt "
            "Rau Reich Rosen Roth Sand Schön Schwarz Sommer Stein Stern Stroh Tal Unter Vogel Wald Weg Weiden Wind "
            "Wolf Zehn Ziegel "
        ),
        _split("en er el in ei au äu ens ers es lein chen ler ner stein hof"),
        _split(
            "bach berg berger dorf feld felder hausen haus heim hof hofer holz huber kamp kemper lein ler mann meier "
            "meyer mer müller ner roth rath sen stein stedt stätter tal thaler wald weg werth wig zer "
        ),
        0.06, 0.08, ("von", "von der", "zu"),
    ),
    Language(  # English
        _split(
            "James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara Richard Susan "
            "Joseph Jessica Thomas Sarah Charles Karen Christopher Nancy Daniel Lisa Matthew Betty Anthony Margaret "
            "Mark Sandra Donald Ashley Steven Kimberly Paul Emily Andrew Donna Joshua Michelle Kenneth Dorothy Kevin "
            "Carol Brian Amanda George Melissa Edward Deborah Ronald Stephanie Timothy Rebecca Jason Sharon Jeffrey "
            "Laura Ryan Cynthia Jacob Kathleen Gary Amy Nicholas Angela Eric Shirley Jonathan Annie Bob "
        ),
        _split(
            "Smith Johnson Williams Brown Jones Garcia Miller Davis Wilson Anderson Taylor Thomas Moore Jackson Martin "
            "Lee Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams "
            "Nelson Baker Hall Campbell Mitchell Carter Roberts Turner Phillips Parker Evans Edwards Collins Stewart "
            "Morris Murphy Cook Rogers Morgan Cooper O'Brien O'Connor McDonald MacLeod "
        ),
        _split(
            "Ash Ald Ben Black Brad Brid Burn Cald Car Chat Clay Cole Cran Dal Den Dun East Ed El Fair Farn Ford Gil "
            "Glen Green Had Hal Har Hather Hol Hunt Kel Kirk Lan Lang Ley Lin Lock Mar Mead Mil Mont Nor Oak Old Pem "
            "Pen Pres Rad Rich Rod Ross Rush Sel Shel Stan Stock Sut Swin Thorn Town Wake Wal War Wes Whit Win Wood "
            "York "
        ),
        _split("er ing in en es le ers ings wes thor"),
        _split(
            "bury by combe cott dale don field ford gate ham hurst ington land ley low man mere more ridge rick shaw "
            "son stead stock stone ton wall ward well wick wood worth "
        ),
        0.02, 0.10,
    ),
    Language(  # French
        _split(
            "Jean Marie Pierre Jeanne Michel Françoise André Monique Philippe Catherine Alain Nathalie Jacques "
            "Isabelle Bernard Sylvie Louis Anne François Martine Nicolas Hélène Éric René Zoë Chloé Léa Hugo Jules "
            "Inès Camille Gaël Joël Noël Benoît Gérard Thérèse Véronique Émile Élodie Céline Aurélie Sébastien "
            "Frédéric Stéphane Jérôme Cédric Loïc Maëlle Anaïs "
        ),
        _split(
            "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre Michel "
            "Garcia David Bertrand Roux Vincent Fournier Morel Girard André Lefèvre Mercier Dupont Lambert Bonnet "
            "François Martinez Legrand Garnier Faure Rousseau Blanc Guérin Muller Henry Roussel Nicolas Perrin Morin "
            "Mathieu Clément Gauthier Dumont Lopez Fontaine Chevalier Robin d'Ester "
        ),
        _split(
            "Al An Ar Bar Beau Bel Ber Blan Bois Bon Bou Bre Cam Car Cha Chan Cler Cor Cou Dau Del Des Du Fa Fer Fon "
            "For Gai Gau Gil Gou Gran Gui Ju La Lan Lau Le Lou Mai Mal Mar Mau Mon Mou Nan Pa Par Pel Per Pi Pon Poi "
            "Pré Rai Re Ri Ro Rou Sau Ser Sou Tar Tis Tour Va Val Ver Vil "
        ),
        _split("be bou ca che de ge gi la le li lo ma mi na ne ni non que ra ri ron se ta ti tou vi"),
        _split(
            "ac aud ault bert cier deau din don dre er eau elle et eux ette ey geon gnac ier ières in lier lon mont "
            "net not on ot rand reau rel rier rin ron son teau tier ton vier ville "
        ),
        0.03, 0.15, ("de", "de la", "du", "le"),
    ),
    Language(  # Spanish
        _split(
            "María José Antonio Carmen Manuel Ana Francisco Isabel Juan Dolores David Pilar Javier Teresa Daniel Rosa "
            "Jesús Cristina Carlos Ángeles Miguel Laura Alejandro Mercedes Rafael Elena Pedro Marta Ángel Lucía Pablo "
            "Paula Sergio Raquel Fernando Sara Jorge Concepción Luis Begoña Alberto Rocío Álvaro Íñigo Nuria Andrés "
            "Iván Sofía "
        ),
        _split(
            "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Ruiz Hernández Díaz "
            "Moreno Muñoz Álvarez Romero Alonso Gutiérrez Navarro Torres Domínguez Vázquez Ramos Gil Ramírez Serrano "
            "Blanco Molina Morales Suárez Ortega Delgado Castro Ortiz Rubio Marín Sanz Núñez Iglesias Medina Garrido "
            "Cortés Castillo Santos "
        ),
        _split(
            "Aba Agui Ala Alba Alca Ara Arr Ave Ba Bar Be Bena Bur Ca Cal Cam Car Cas Ce Cer Cha Co Cor Cue De Du Es "
            "Fa Fi Fuen Ga Gar Go Gra Gua He Hi Ibá La Le Lu Ma Man Mar Me Mi Mo Mon Na O Or Pa Pe Pi Pla Que Re Ri Ro "
            "Sa Sal San Se So Ta To Tru Ur Va Ve Vi Za "
        ),
        _split("be ca ce da de do ga gue la le li lla lle lo ma me mi na ne ni no ra re ri ro sa se ta te ti to"),
        _split(
            "ado al ales ano ante anza ares arro as ego eda edo eira ejo ena ero es esta eto ez ia illa illo ina irre "
            "ita oa ola ón ora orza osa oz uez uela uño zaga "
        ),
        0.35, 0.20, ("de", "de la", "del"),
    ),
    Language(  # Polish
        _split(
            "Anna Piotr Maria Krzysztof Katarzyna Andrzej Małgorzata Tomasz Agnieszka Jan Barbara Paweł Ewa Michał "
            "Krystyna Marcin Magdalena Stanisław Elżbieta Jakub Joanna Adam Aleksandra Marek Zofia Łukasz Monika "
            "Grzegorz Teresa Mateusz Danuta Wojciech Natalia Mariusz Karolina Dariusz Marta Zbigniew Beata Jerzy "
            "Dorota Maciej Halina Rafał Jadwiga Robert Janina Kamil Alicja Józef Jolanta Dawid Grażyna Szymon Iwona "
        ),
        _split(
            "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski "
            "Kozłowski Jankowski Mazur Wojciechowski Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Zając "
            "Pawłowski Michalski Król Wieczorek Jabłoński Wróbel Nowakowski Majewski Olszewski Stępień Malinowski "
            "Jaworski Adamczyk Dudek Nowicki Pawlak Górski Witkowski Walczak Sikora Baran Rutkowski Michalak Szewczyk "
            "Ostrowski Tomaszewski "
        ),
        _split(
            "Ada Bar Biel Bor Bro Brzo Buk Chmie Cie Czar Da Dą Do Dę Fra Ga Gą Gło Go Gra Gro Grzy Ja Je Ka Kacz Ki "
            "Kli Ko Kos Koź Kra Kru Krzy Ku La Le Li Lu Ła Łu Ma Mi Mo Na Nie Ol Or Pa Pie Po Prze Ra Ro Ru Sa Si Ska "
            "Sła So Sta Stę Su Szy Ta To Wa Wę Wi Wo Wró Za Ze Zie Żu "
        ),
        _split("bo chow cie cze da dow dzie go ja kow la li ło ma mi na ni no pa ra ro sie sła to wi za zie"),
        _split(
            "ak ala ała an arz asik as czak czyk czyński ek el ewicz ewski icki ik iński jak ka ko kowski lak ło na "
            "niak nik nowski owicz owski ra ski ta tka ula uk wa zak zyk "
        ),
    ),
    Language(  # Turkish
        _split(
            "Mehmet Fatma Mustafa Ayşe Ahmet Emine Ali Hatice Hüseyin Zeynep Hasan Elif İbrahim Meryem İsmail Şerife "
            "Osman Zehra Yusuf Sultan Murat Hanife Ömer Merve Ramazan Havva Halil Özlem Süleyman Gülsüm Abdullah Esra "
            "Mahmut Büşra Recep Yasemin Salih Dilek Kadir Songül Emre Gamze Çağlar Uğur Gökhan Işıl Tuğba Ece Can "
            "Deniz "
        ),
        _split(
            "Yılmaz Kaya Demir Çelik Şahin Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Aslan Çetin Kara "
            "Koç Kurt Özkan Şimşek Polat Korkmaz Özcan Çakır Erdoğan Yavuz Can Acar Şen Aktaş Güler Yalçın Güneş "
            "Bozkurt Bulut Keskin Ünal Turan Gül Özer Işık Kaplan Avcı Sarı Tekin Taş Köse Yüksel Ateş Aksoy "
        ),
        _split(
            "Ak Al Alp Altın Ar As At Ay Bal Bay Baş Bil Boz Bur Büyük Can Cey Çak Çam Çe Çi Çol Dal De Dik Doğ Du Ek "
            "El Er Erdo Ge Gök Gön Gü Gün Ha İl İn Ka Kap Kar Ke Kı Kır Ko Kor Kö Ku Ku Kü Men Ok On Or Öz Pe Sa Sağ "
            "Sar Se Son Sö Şa Şe Ta Taş Te Tok Top Tu Tür U Uz Ün Ya Yal Yan Ye Yer Yu Yük Ze "
        ),
        _split(
            "a ba bul ça da dal de dem do el er ge gi gül in kan kaya ke la le li lu man mer mi ne ra re rı sa se şa "
            "ta te tu ver ya yol "
        ),
        _split(
            "alp ar ay baş bay bilek can cı cu çay çı dağ demir doğan el em en er gil göz gül gün han kan kaya kın kol "
            "koç kurt ler lı lu man maz mez oğlu öz pınar soy su sun taş tekin tepe türk ya yurt "
        ),
    ),
    Language(  # Russian
        _split(
            "Александр Елена Сергей Ольга Владимир Татьяна Андрей Наталья Алексей Ирина Дмитрий Светлана Николай Анна "
            "Иван Мария Михаил Екатерина Юрий Людмила Евгений Галина Виктор Юлия Игорь Валентина Анатолий Анастасия "
            "Павел Нина Олег Надежда Роман Любовь Константин Вера Максим Дарья Антон Ксения Денис Оксана Илья Полина "
            "Артём Жанна Фёдор Зоя Григорий Лариса "
        ),
        _split(
            "Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев "
            "Лебедев Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев "
            "Соловьёв Борисов Яковлев Григорьев Романов Воробьёв Сергеев Кузьмин Фролов Александров Дмитриев Королёв "
            "Гусев Киселёв Ильин Максимов Поляков Сорокин Щербаков Жуков Цветков Чернов Шевченко "
        ),
        _split(
            "Ар Ба Бе Бо Бу Ва Ве Вла Во Га Гла Го Гра Да Де До Дра Еф Жда За Зве Зе Зи Ка Ки Кле Ко Кра Кру Ку Ла Ле "
            "Ли Ло Лу Ма Ме Ми Мо Му На Не Но Ов Па Пе По При Про Пу Ра Ре Ро Ру Са Све Се Си Ска Со Ста Су Та Те То "
            "Тру Ту Ус Фе Фо Ха Хо Це Ча Че Чи Ша Ше Ши Щу "
        ),
        _split(
            "ба бе ва ве ви га ги го да де ди до за зо ка ки ко ла ле ли ло лу ма ме ми мо на не ни но па по ра ре ри "
            "ро са се си та те ти то ха ша "
        ),
        _split(
            "анов ев евич енко енков ёнов ин инов иков ик кин ков ко лин лов мов нев нин нов онов ов ович овский пин "
            "пов рин ров ский стов тин тов хин цев чев чук шин шов яев якин янов "
        ),
    ),
    Language(  # Greek
        _split(
            "Γεώργιος Μαρία Ιωάννης Ελένη Κωνσταντίνος Αικατερίνη Δημήτριος Βασιλική Νικόλαος Σοφία Παναγιώτης "
            "Αγγελική Βασίλειος Γεωργία Χρήστος Δήμητρα Αθανάσιος Ιωάννα Μιχαήλ Παναγιώτα Ευάγγελος Ευαγγελία Σπυρίδων "
            "Κωνσταντίνα Αντώνιος Παρασκευή Αναστάσιος Άννα Θεόδωρος Αναστασία Ανδρέας Χριστίνα Χαράλαμπος Ειρήνη "
            "Αλέξανδρος Φωτεινή "
        ),
        _split(
            "Παπαδόπουλος Παπαδάκης Οικονόμου Γεωργίου Δημητρίου Ιωάννου Νικολάου Βασιλείου Χριστοδούλου Αντωνίου "
            "Κωνσταντίνου Μακρής Καραγιάννης Βλάχος Αγγελόπουλος Αλεξίου Νικολόπουλος Παππάς Αθανασίου Μιχαηλίδης "
            "Χατζής Σταυρόπουλος Γιαννόπουλος "
        ),
        _split(
            "Αγγελ Αλεξ Αναστ Αντων Αποστολ Βασιλ Γεωργ Γιανν Δημητρ Ευαγγελ Ζαχαρ Ηλι Θεοδωρ Καρα Κατσ Κυριακ Κωστ "
            "Λαζαρ Λαμπρ Μαυρ Μιχαλ Μπακ Νικολ Παν Παπα Πετρ Σαββ Σακελλ Σπυρ Σταμ Σταυρ Στεφαν Τριανταφυλλ Τσακ "
            "Φιλιππ Φωτ Χαραλαμπ Χατζη Χριστ "
        ),
        _split("α ο ι ου ιω ανα ιδο ακο ουλο"),
        _split("άκης ίδης όπουλος άκος έας άτος άδης ιάδης άκη οπούλου ίδου έλης ούσης αίος ούδης ώτης"),
    ),
    Language(  # Italian
        _split(
            "Giuseppe Maria Antonio Anna Giovanni Rosa Mario Angela Luigi Giovanna Francesco Teresa Angelo Lucia "
            "Vincenzo Carmela Pietro Caterina Salvatore Francesca Carlo Antonietta Franco Carla Domenico Elena Bruno "
            "Concetta Paolo Rita Michele Margherita Giorgio Franca Aldo Paola Sergio Silvia Luciano Giulia Nicolò "
            "Chiara Andrea Matteo Alessandro Niccolò "
        ),
        _split(
            "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Costa Giordano "
            "Mancini Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini "
            "Leone Longo Gentile Martinelli Vitale Lombardo Serra Coppola Marchetti Parisi Villa Conte Ferraro Ferri "
            "Fabbri Bianco Marini Grasso Valentini Messina "
        ),
        _split(
            "Al An Ba Bar Be Bel Ber Bi Bo Bon Bra Bru Ca Cal Cam Can Cap Car Cas Ce Chi Ci Co Col Cor Cri Da De Di Do "
            "Fa Fe Fi Fio Fo Fran Ga Gar Ge Gi Gra Gua La Le Li Lo Lu Ma Man Mar Me Mi Mo Mon Na Ni Or Pa Pal Pan Pe "
            "Pi Po Pu Ra Ri Ro Sa San Sca Se Si So Spa Sta Ta Te To Tra Va Ve Vi Za "
        ),
        _split(
            "ba be ca ce ci co da de di do fe ga ghe gi la le li lo ma me mi mo na ne ni no pa pe ra re ri ro sa se si "
            "ta te ti to va ve vi "
        ),
        _split(
            "aldi ale ali ani anti ardi ari aro asco atti avia azzi elli ello eri etta etti iani ieri ini ino isi ito "
            "occhi ola olo one oni ori orio osi otti ucci uti zzi zzo "
        ),
        0.02, 0.08, ("Di", "De", "Della", "Lo"),
    ),
    Language(  # Scandinavian
        _split(
            "Lars Anna Karin Søren Anders Eva Per Kristina Johan Birgitta Björn Åsa Nils Märta Jan Inger Ole Kirsten "
            "Jens Hanne Peder Bente Morten Mette Håkon Ingrid Øyvind Åse Knut Kari Þór Guðrún Jón Sigríður Gunnar "
            "Margrét Ólafur Kristín Magnús Helga Einar Björg Göran Örjan Bjørn Torbjørn Sigurd Ragnhild Solveig Åke "
            "Jörgen "
        ),
        _split(
            "Hansen Johansen Olsen Larsen Andersen Pedersen Nilsen Kristiansen Jensen Karlsen Johansson Andersson "
            "Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Jönsson Nielsen Christensen "
            "Rasmussen Sørensen Jørgensen Møller Thomsen Lindström Lindqvist Åkesson Öberg Sjöberg Bergström "
            "Þórsdóttir Jónsson Sigurðardóttir Gunnarsdóttir "
        ),
        _split(
            "Ahl Al Arn As Berg Björk Blom Bo Brand Bru Dahl Dal Eid Ek El Eng Fager Falk Fjeld Fors Frost Grøn Gran "
            "Gul Haga Hag Hall Ham Haug Hed Hell Holm Hult Høg Kjell Kling Lars Lind Ljung Lund Løv Mal Mo Myr Nor Ny "
            "Næs Nord Oster Ros Ryd Rön Sand Sjö Skog Sol Sten Storm Strand Sund Sved Söder Tor Vik Vest Wal Åker Ås "
            "Öst Ø "
        ),
        _split("e en er in s es gå sta ma"),
        _split(
            "berg blad bo bråten bäck dal dahl eng erud feldt fors gaard gren haug heim holm holt hult land lien lind "
            "ling lund lunde man mark mo nes ning qvist rud sen skog son stad strand ström strøm sten vall vik wall ås "
        ),
    ),
)  # fmt: skip

_RARE: Final = 0.35
"""How many bear a surname that is made of pieces."""


class Names:
    """Draws names; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._weights = {
            id(each): list(accumulate(1 / (nr + 2) ** 0.8 for nr in range(len(each))))
            for of in LANGUAGES
            for each in (of.given, of.surnames)
        }

    def draw(self, count: int) -> Iterator[Named]:
        """So many names, of all languages by turns of chance."""
        for _ in range(count):
            language = self.random.choice(LANGUAGES)
            yield Named(self._given(language), self._surname(language))

    def _pick(self, names: tuple[str, ...]) -> str:
        return self.random.choices(names, cum_weights=self._weights[id(names)])[0]

    def _given(self, language: Language) -> str:
        given = self._pick(language.given)
        if self.random.random() < language.two_given:
            return f"{given}{self.random.choice(' -')}{self._pick(language.given)}"
        return given

    def _surname(self, language: Language) -> str:
        chance = self.random.random()
        surname = self._composed(language) if chance < _RARE else self._pick(language.surnames)
        if language.particle and self.random.random() < 0.04:
            return f"{self.random.choice(language.particle)} {surname}"
        if self.random.random() < language.double:
            return f"{surname}{'-' if language.double < 0.1 else ' '}{self._pick(language.surnames)}"
        return surname

    def _composed(self, language: Language) -> str:
        pick = self.random.choice
        middle = pick(language.middles) if self.random.random() < 0.5 else ""
        return (pick(language.starts) + middle + pick(language.ends)).title().replace("'S", "'s")
