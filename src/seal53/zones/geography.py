"""The places that Route 53 knows: continents, countries, and subdivisions of Ukraine and the United States.

Codes are ISO 3166's, which countries there are and how they are called is Route 53's choice; `*` is the
default, wherever a query comes from. Not for: where an address is.
Source: Route 53 API, ListGeoLocations; ISO 3166-1 and 3166-2; continents of countries as in GeoNames.
"""

from bisect import bisect_left
from dataclasses import dataclass

DEFAULT = "*"

CONTINENTS = {
    "AF": "Africa",
    "AN": "Antarctica",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "OC": "Oceania",
    "SA": "South America",
}

# Code, continent, name.
_COUNTRIES = """
AD EU Andorra; AE AS United Arab Emirates; AF AS Afghanistan; AG NA Antigua and Barbuda; AI NA Anguilla
AL EU Albania; AM AS Armenia; AO AF Angola; AQ AN Antarctica; AR SA Argentina; AS OC American Samoa
AT EU Austria; AU OC Australia; AW NA Aruba; AX EU Åland; AZ AS Azerbaijan; BA EU Bosnia and Herzegovina
BB NA Barbados; BD AS Bangladesh; BE EU Belgium; BF AF Burkina Faso; BG EU Bulgaria; BH AS Bahrain
BI AF Burundi; BJ AF Benin; BL NA Saint Barthélemy; BM NA Bermuda; BN AS Brunei; BO SA Bolivia
BQ NA Bonaire; BR SA Brazil; BS NA Bahamas; BT AS Bhutan; BW AF Botswana; BY EU Belarus; BZ NA Belize
CA NA Canada; CC AS Cocos [Keeling] Islands; CD AF Congo; CF AF Central African Republic
CG AF Republic of the Congo; CH EU Switzerland; CI AF Ivory Coast; CK OC Cook Islands; CL SA Chile
CM AF Cameroon; CN AS China; CO SA Colombia; CR NA Costa Rica; CU NA Cuba; CV AF Cape Verde; CW NA Curaçao
CY EU Cyprus; CZ EU Czech Republic; DE EU Germany; DJ AF Djibouti; DK EU Denmark; DM NA Dominica
DO NA Dominican Republic; DZ AF Algeria; EC SA Ecuador; EE EU Estonia; EG AF Egypt; ER AF Eritrea
ES EU Spain; ET AF Ethiopia; FI EU Finland; FJ OC Fiji; FK SA Falkland Islands
FM OC Federated States of Micronesia; FO EU Faroe Islands; FR EU France; GA AF Gabon; GB EU United Kingdom
GD NA Grenada; GE AS Georgia; GF SA French Guiana; GG EU Guernsey; GH AF Ghana; GI EU Gibraltar
GL NA Greenland; GM AF Gambia; GN AF Guinea; GP NA Guadeloupe; GQ AF Equatorial Guinea; GR EU Greece
GS AN South Georgia and the South Sandwich Islands; GT NA Guatemala; GU OC Guam; GW AF Guinea-Bissau
GY SA Guyana; HK AS Hong Kong; HN NA Honduras; HR EU Croatia; HT NA Haiti; HU EU Hungary; ID AS Indonesia
IE EU Ireland; IL AS Israel; IM EU Isle of Man; IN AS India; IO AS British Indian Ocean Territory
IQ AS Iraq; IR AS Iran; IS EU Iceland; IT EU Italy; JE EU Jersey; JM NA Jamaica
JO AS Hashemite Kingdom of Jordan; JP AS Japan; KE AF Kenya; KG AS Kyrgyzstan; KH AS Cambodia
KI OC Kiribati; KM AF Comoros; KN NA Saint Kitts and Nevis; KP AS North Korea; KR AS Republic of Korea
KW AS Kuwait; KY NA Cayman Islands; KZ AS Kazakhstan; LA AS Laos; LB AS Lebanon; LC NA Saint Lucia
LI EU Liechtenstein; LK AS Sri Lanka; LR AF Liberia; LS AF Lesotho; LT EU Lithuania; LU EU Luxembourg
LV EU Latvia; LY AF Libya; MA AF Morocco; MC EU Monaco; MD EU Republic of Moldova; ME EU Montenegro
MF NA Saint Martin; MG AF Madagascar; MH OC Marshall Islands; MK EU Macedonia; ML AF Mali
MM AS Myanmar [Burma]; MN AS Mongolia; MO AS Macao; MP OC Northern Mariana Islands; MQ NA Martinique
MR AF Mauritania; MS NA Montserrat; MT EU Malta; MU AF Mauritius; MV AS Maldives; MW AF Malawi
MX NA Mexico; MY AS Malaysia; MZ AF Mozambique; NA AF Namibia; NC OC New Caledonia; NE AF Niger
NF OC Norfolk Island; NG AF Nigeria; NI NA Nicaragua; NL EU Netherlands; NO EU Norway; NP AS Nepal
NR OC Nauru; NU OC Niue; NZ OC New Zealand; OM AS Oman; PA NA Panama; PE SA Peru; PF OC French Polynesia
PG OC Papua New Guinea; PH AS Philippines; PK AS Pakistan; PL EU Poland; PM NA Saint Pierre and Miquelon
PN OC Pitcairn Islands; PR NA Puerto Rico; PS AS Palestine; PT EU Portugal; PW OC Palau; PY SA Paraguay
QA AS Qatar; RE AF Réunion; RO EU Romania; RS EU Serbia; RU EU Russia; RW AF Rwanda; SA AS Saudi Arabia
SB OC Solomon Islands; SC AF Seychelles; SD AF Sudan; SE EU Sweden; SG AS Singapore; SH AF Saint Helena
SI EU Slovenia; SJ EU Svalbard and Jan Mayen; SK EU Slovakia; SL AF Sierra Leone; SM EU San Marino
SN AF Senegal; SO AF Somalia; SR SA Suriname; SS AF South Sudan; ST AF São Tomé and Príncipe
SV NA El Salvador; SX NA Sint Maarten; SY AS Syria; SZ AF Swaziland; TC NA Turks and Caicos Islands
TD AF Chad; TF AN French Southern Territories; TG AF Togo; TH AS Thailand; TJ AS Tajikistan; TK OC Tokelau
TL OC East Timor; TM AS Turkmenistan; TN AF Tunisia; TO OC Tonga; TR AS Turkey; TT NA Trinidad and Tobago
TV OC Tuvalu; TW AS Taiwan; TZ AF Tanzania; UA EU Ukraine; UG AF Uganda; UM OC U.S. Minor Outlying Islands
US NA United States; UY SA Uruguay; UZ AS Uzbekistan; VA EU Vatican City
VC NA Saint Vincent and the Grenadines; VE SA Venezuela; VG NA British Virgin Islands
VI NA U.S. Virgin Islands; VN AS Vietnam; VU OC Vanuatu; WF OC Wallis and Futuna; WS OC Samoa
XK EU Kosovo; YE AS Yemen; YT AF Mayotte; ZA AF South Africa; ZM AF Zambia; ZW AF Zimbabwe
"""

_SUBDIVISIONS = {
    "UA": """
05 Vinnytska oblast; 07 Volynska oblast; 09 Luhanska oblast; 11 Crimea; 12 Dnipropetrovska oblast
14 Donetska oblast; 18 Zhytomyrska oblast; 20 Sevastopol; 21 Zakarpatska oblast; 23 Zaporizka oblast
26 Ivano-Frankivska oblast; 30 Kyiv; 32 Kyivska oblast; 35 Kirovohradska oblast; 46 Lvivska oblast
48 Mykolaivska oblast; 51 Odeska oblast; 53 Poltavska oblast; 56 Rivnenska oblast; 59 Sumska oblast
61 Ternopilska oblast; 63 Kharkivska oblast; 65 Khersonska oblast; 68 Khmelnytska oblast
71 Cherkaska oblast; 74 Chernihivska oblast; 77 Chernivetska oblast
""",
    "US": """
AK Alaska; AL Alabama; AR Arkansas; AZ Arizona; CA California; CO Colorado; CT Connecticut
DC District of Columbia; DE Delaware; FL Florida; GA Georgia; HI Hawaii; IA Iowa; ID Idaho; IL Illinois
IN Indiana; KS Kansas; KY Kentucky; LA Louisiana; MA Massachusetts; MD Maryland; ME Maine; MI Michigan
MN Minnesota; MO Missouri; MS Mississippi; MT Montana; NC North Carolina; ND North Dakota; NE Nebraska
NH New Hampshire; NJ New Jersey; NM New Mexico; NV Nevada; NY New York; OH Ohio; OK Oklahoma; OR Oregon
PA Pennsylvania; RI Rhode Island; SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah
VA Virginia; VT Vermont; WA Washington; WI Wisconsin; WV West Virginia; WY Wyoming
""",
}


def _entries(text: str) -> list[str]:
    return [entry.strip() for line in text.strip().splitlines() for entry in line.split(";")]


COUNTRIES: dict[str, str] = {entry[:2]: entry[6:] for entry in _entries(_COUNTRIES)}
"""Name by code, without the default."""

CONTINENT_OF: dict[str, str] = {entry[:2]: entry[3:5] for entry in _entries(_COUNTRIES)}

SUBDIVISIONS: dict[str, dict[str, str]] = {
    country: {entry[:2]: entry[3:] for entry in _entries(text)} for country, text in _SUBDIVISIONS.items()
}
"""Name by code, by country."""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A continent alone, or a country, or a country with one of its subdivisions; "" where it has none.

    Its order is that of lists: countries by code, each followed by its subdivisions, continents last.
    """

    continent: str = ""
    country: str = ""
    subdivision: str = ""

    @property
    def names(self) -> tuple[str, str, str]:
        """Of continent, country and subdivision; "" where there is none."""
        country = "Default" if self.country == DEFAULT else COUNTRIES.get(self.country, "")
        return (
            CONTINENTS.get(self.continent, ""),
            country,
            SUBDIVISIONS.get(self.country, {}).get(self.subdivision, ""),
        )


def _all() -> tuple[Location, ...]:
    found = [Location(country=DEFAULT)]
    found += [Location(country=code) for code in COUNTRIES]
    found += [Location(country=code, subdivision=sub) for code, subs in SUBDIVISIONS.items() for sub in subs]
    found += [Location(continent=code) for code in CONTINENTS]
    return tuple(sorted(found))


LOCATIONS = _all()
_KNOWN = frozenset(LOCATIONS)


def is_location(continent: str | None, country: str | None, subdivision: str | None) -> bool:
    """Whether these codes name a place together; None or "" is a code that was not given."""
    return Location(continent or "", country or "", subdivision or "") in _KNOWN


def starting(start: Location) -> int:
    """Where in LOCATIONS a list begins: at `start`, or at what follows it when it is not there."""
    return bisect_left(LOCATIONS, start)
