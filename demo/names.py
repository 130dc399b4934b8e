"""Small tables of the story: countries, people's names, devices, and how to draw from them."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Draw(Generic[Item]):
    """A table with weights to draw from; cheaper than `random.choices` by a good deal."""

    def __init__(self, items: Sequence[Item], weights: Sequence[float]) -> None:
        self._items = tuple(items)
        self._sums = tuple(accumulate(weights))
        self._last = len(self._items) - 1

    @classmethod
    def by_rank(cls, items: Sequence[Item], *, steepness: float) -> "Draw[Item]":
        """Make a table whose n-th item weighs 1 / n ** steepness, as popularity does."""
        return cls(items, [(rank + 1) ** -steepness for rank in range(len(items))])

    def one(self, rng: Random) -> Item:
        """Draw one item."""
        return self._items[min(bisect(self._sums, rng.random() * self._sums[-1]), self._last)]


def any_of(rng: Random, items: Sequence[Item]) -> Item:
    """Draw one item, each as likely as the next."""
    return items[int(rng.random() * len(items))]


def digits(rng: Random, count: int) -> str:
    """Make a text of so many decimal digits."""
    return f"{int(rng.random() * 10**count):0{count}d}"


@dataclass(frozen=True, slots=True)
class City:
    """A place, and the start of a phone number there.

    The ranges are set aside for fiction by the regulators (NANPA 555-01xx, Ofcom,
    Bundesnetzagentur, ARCEP, ACMA), or are in nobody's hands (India has no area code
    50, a subscriber number in Brazil and Mexico does not start with 0), so that no
    message of a playful moment ever reaches a real person.
    """

    name: str
    phone_start: str


@dataclass(frozen=True, slots=True)
class Country:
    """Where people live: what they are called, pay with and carry.

    `offset_seconds` is the time of day there, less UTC. `money` is how many units of
    `currency` one unit of the price list is. `platforms` are the shares of Android, iOS, Web.
    """

    code: str
    name: str
    share: float
    language: str
    offset_seconds: int
    currency: str
    money: float
    phone_digits: int
    platforms: Draw[str]
    cities: Draw[City]
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]


def _platforms(android: float, ios: float, web: float) -> Draw[str]:
    return Draw(("Android", "iOS", "Web"), (android, ios, web))


def _cities(**starts: str) -> Draw[City]:
    """Read `Name_Of_City="+1212…"`, the largest city first."""
    cities = [City(name.replace("_", " "), start) for name, start in starts.items()]
    return Draw.by_rank(cities, steepness=0.7)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COUNTRIES = (
    Country(
        code="US",
        name="United States",
        share=0.27,
        language="en-US",
        offset_seconds=-5 * 3600,
        currency="USD",
        money=1.0,
        phone_digits=2,
        platforms=_platforms(0.36, 0.42, 0.22),
        cities=_cities(
            New_York="+121255501",
            Chicago="+131255501",
            San_Francisco="+141555501",
            Boston="+161755501",
            Miami="+130555501",
            Seattle="+120655501",
        ),
        women=_names(
            "Olivia Emma Ava Sophia Mia Harper Evelyn Abigail Grace Hannah Naomi Zoe Chloe Ruby "
            "Alice Jasmine"
        ),
        men=_names(
            "Liam Noah James Elijah Mason Ethan Logan Jacob Daniel Henry Owen Caleb Isaac Marcus "
            "Wyatt Julian"
        ),
        families=_names(
            "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Wilson Anderson "
            "Thomas Taylor Moore Jackson Martin Lee Thompson White Harris Clark Lewis Walker Young"
        ),
    ),
    Country(
        code="GB",
        name="United Kingdom",
        share=0.18,
        language="en-GB",
        offset_seconds=0,
        currency="GBP",
        money=0.8,
        phone_digits=3,
        platforms=_platforms(0.35, 0.41, 0.24),
        cities=_cities(
            London="+442079460",
            Birmingham="+441214960",
            Manchester="+441614960",
            Glasgow="+441414960",
            Leeds="+441134960",
            Edinburgh="+441314960",
        ),
        women=_names(
            "Amelia Isla Freya Poppy Florence Evie Willow Sienna Matilda Imogen Eleanor Beatrice "
            "Nia Priya Aisha Orla"
        ),
        men=_names(
            "George Arthur Oliver Harry Theo Alfie Archie Finley Rhys Callum Hamish Edward Rory "
            "Hugo Imran Tobias"
        ),
        families=_names(
            "Hughes Evans Patel Wright Robinson Green Hall Wood Clarke Turner Hill Ward Cooper "
            "Khan Morris King Baker Campbell Stewart Fraser Lloyd Bennett Shah Ellis"
        ),
    ),
    Country(
        code="IN",
        name="India",
        share=0.15,
        language="en-IN",
        offset_seconds=19_800,
        currency="INR",
        money=60.0,
        phone_digits=5,
        platforms=_platforms(0.82, 0.08, 0.10),
        cities=_cities(
            Mumbai="+9150000",
            Delhi="+9150011",
            Bengaluru="+9150022",
            Hyderabad="+9150033",
            Pune="+9150044",
            Chennai="+9150055",
        ),
        women=_names(
            "Aanya Diya Ishita Kavya Meera Nandini Pooja Riya Saanvi Sneha Tara Vidya Ananya Lakshmi "
            "Shreya Zara"
        ),
        men=_names(
            "Aarav Aditya Arjun Dev Ishaan Karan Manish Nikhil Pranav Rahul Rohan Sanjay Siddharth "
            "Varun Vikram Yash"
        ),
        families=_names(
            "Sharma Verma Gupta Iyer Nair Reddy Rao Mehta Joshi Desai Kulkarni Banerjee Chatterjee "
            "Das Singh Kapoor Malhotra Menon Pillai Bhat Agarwal Chopra Naidu Saxena"
        ),
    ),
    Country(
        code="DE",
        name="Germany",
        share=0.12,
        language="de-DE",
        offset_seconds=3600,
        currency="EUR",
        money=0.95,
        phone_digits=3,
        platforms=_platforms(0.48, 0.27, 0.25),
        cities=_cities(
            Berlin="+493023125",
            Hamburg="+494066969",
            München="+498999998",
            Frankfurt="+496990009",
        ),
        women=_names(
            "Mia Hannah Lena Leonie Lea Johanna Greta Frieda Katharina Annika Jana Elif Charlotte "
            "Sabine Heike Jördis"
        ),
        men=_names(
            "Jonas Leon Finn Paul Lukas Maximilian Felix Moritz Jannik Emil Matthias Stefan Jürgen "
            "Kerem Björn Till"
        ),
        families=_names(
            "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer "
            "Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Krüger Weiß Demir "
            "Lange"
        ),
    ),
    Country(
        code="BR",
        name="Brazil",
        share=0.10,
        language="pt-BR",
        offset_seconds=-3 * 3600,
        currency="BRL",
        money=4.0,
        phone_digits=4,
        platforms=_platforms(0.71, 0.14, 0.15),
        cities=_cities(
            São_Paulo="+551190000",
            Rio_de_Janeiro="+552190000",
            Belo_Horizonte="+553190000",
            Salvador="+557190000",
            Curitiba="+554190000",
        ),
        women=_names(
            "Ana Beatriz Camila Fernanda Gabriela Isabela Juliana Larissa Letícia Mariana Natália "
            "Rafaela Tainá Vitória Luíza Débora"
        ),
        men=_names(
            "Bruno Caio Diego Eduardo Felipe Gustavo Henrique João Leonardo Lucas Mateus Pedro "
            "Rafael Thiago Vinícius Antônio"
        ),
        families=_names(
            "Silva Santos Oliveira Souza Lima Pereira Ferreira Costa Rodrigues Almeida Nascimento "
            "Carvalho Araújo Ribeiro Gomes Martins Rocha Barbosa Dias Moreira Cardoso Teixeira "
            "Conceição Freitas"
        ),
    ),
    Country(
        code="FR",
        name="France",
        share=0.07,
        language="fr-FR",
        offset_seconds=3600,
        currency="EUR",
        money=0.95,
        phone_digits=4,
        platforms=_platforms(0.46, 0.30, 0.24),
        cities=_cities(
            Paris="+3319900",
            Lyon="+3346571",
            Bordeaux="+3353649",
            Strasbourg="+3335301",
            Nantes="+3326191",
        ),
        women=_names(
            "Camille Chloé Louise Jade Manon Inès Élodie Margaux Léa Juliette Océane Anaïs Noémie "
            "Capucine Agathe Yasmine"
        ),
        men=_names(
            "Gabriel Raphaël Louis Jules Hugo Arthur Nathan Théo Antoine Baptiste Clément Mathis "
            "Étienne Maxence Karim Loïc"
        ),
        families=_names(
            "Martin Bernard Dubois Durand Moreau Laurent Lefebvre Leroy Roux Fournier Girard Bonnet "
            "Lambert Fontaine Rousseau Muller Lefèvre Faure Mercier Blanc Guérin Chevalier Garnier "
            "Diallo"
        ),
    ),
    Country(
        code="MX",
        name="Mexico",
        share=0.06,
        language="es-MX",
        offset_seconds=-6 * 3600,
        currency="MXN",
        money=15.0,
        phone_digits=4,
        platforms=_platforms(0.70, 0.17, 0.13),
        cities=_cities(
            Ciudad_de_México="+52550000", Guadalajara="+52330000", Monterrey="+52810000"
        ),
        women=_names(
            "Ximena Valentina Regina Renata Guadalupe Daniela Fernanda Mariana Paola Lucía Itzel "
            "Alejandra Sofía Citlali"
        ),
        men=_names(
            "Santiago Mateo Sebastián Emiliano Diego Alejandro Ángel Rodrigo Javier Luis Jorge "
            "Iván Óscar Raúl"
        ),
        families=_names(
            "Hernández García Martínez López González Pérez Sánchez Ramírez Cruz Flores Gómez "
            "Morales Vázquez Jiménez Reyes Torres Ruiz Mendoza Aguilar Ortiz"
        ),
    ),
    Country(
        code="AU",
        name="Australia",
        share=0.05,
        language="en-AU",
        offset_seconds=10 * 3600,
        currency="AUD",
        money=1.4,
        phone_digits=4,
        platforms=_platforms(0.38, 0.42, 0.20),
        cities=_cities(
            Sydney="+6125550", Melbourne="+6137010", Brisbane="+6175550", Perth="+6185550"
        ),
        women=_names(
            "Charlotte Matilda Ruby Sienna Evie Lucy Kirra Georgia Tahlia Bronte Mei Audrey Zali Nina"
        ),
        men=_names(
            "Jack Lachlan Cooper Angus Hamish Darcy Bailey Jarrah Flynn Riley Declan Xavier Minh "
            "Toby"
        ),
        families=_names(
            "Nguyen Kelly Ryan O'Brien Murphy McDonald Murray Hayes Doyle Sullivan Webb Hunter "
            "Chen Wallace Barker Quinn Gibson Tran Kennedy Fletcher"
        ),
    ),
)

COUNTRY = Draw(COUNTRIES, [each.share for each in COUNTRIES])

# Reserved for examples by RFC 2606: mail to them reaches nobody.
MAIL_DOMAINS = Draw(
    ("example.com", "example.org", "mail.example.com", "post.example.org"), (5, 3, 2, 1)
)


@dataclass(frozen=True, slots=True)
class Model:
    """What a device is: for the web, `make` is the system and `name` the browser."""

    make: str
    name: str
    os_versions: tuple[str, ...]


MODELS: dict[str, Draw[Model]] = {
    "Android": Draw.by_rank(
        (
            Model("Samsung", "Galaxy A54", ("14", "15")),
            Model("Xiaomi", "Redmi Note 12", ("13", "14")),
            Model("Samsung", "Galaxy S23", ("14", "15", "16")),
            Model("Motorola", "Moto G84", ("13", "14")),
            Model("Google", "Pixel 8", ("15", "16")),
            Model("OnePlus", "Nord 3", ("13", "14", "15")),
            Model("Samsung", "Galaxy A12", ("11", "12")),
        ),
        steepness=0.6,
    ),
    "iOS": Draw.by_rank(
        (
            Model("Apple", "iPhone 14", ("17.6", "18.3", "18.5")),
            Model("Apple", "iPhone 13", ("17.6", "18.3")),
            Model("Apple", "iPhone 15 Pro", ("18.3", "18.5", "26.0")),
            Model("Apple", "iPhone SE", ("16.7", "17.6")),
            Model("Apple", "iPad Air", ("17.6", "18.5")),
        ),
        steepness=0.6,
    ),
    "Web": Draw.by_rank(
        (
            Model("Windows", "Chrome", ("138", "139", "140")),
            Model("macOS", "Safari", ("17", "18")),
            Model("Windows", "Edge", ("138", "139")),
            Model("macOS", "Chrome", ("139", "140")),
            Model("Windows", "Firefox", ("140", "141")),
            Model("Linux", "Firefox", ("140", "141")),
        ),
        steepness=0.8,
    ),
}
