# ruff: noqa: RUF001, SIM905 - names of many scripts; tables of words read better as text
"""Parts of names of several languages: in the native script, and in the spellings in use."""

from typing import Final

Part = tuple[str, tuple[str, ...]]  # native, and the spellings in use


def _parts(table: str) -> tuple[Part, ...]:
    rows = (row.split() for row in table.strip().splitlines())
    return tuple((row[0], tuple(row[1:])) for row in rows)


RUSSIAN_GIVEN: Final = _parts("""
Александр Alexander Aleksandr Alexandr
Алексей Alexey Aleksei Alexei
Андрей Andrey Andrei
Антон Anton
Борис Boris
Вадим Vadim
Валерий Valery Valeriy Valeri
Василий Vasily Vasiliy Vassili
Виктор Viktor Victor
Виталий Vitaly Vitaliy
Вячеслав Vyacheslav Viacheslav
Геннадий Gennady Gennadiy
Георгий Georgy Georgiy Georgii
Григорий Grigory Grigoriy
Дмитрий Dmitry Dmitriy Dmitri
Евгений Evgeny Yevgeniy Evgenii
Иван Ivan
Игорь Igor
Кирилл Kirill
Константин Konstantin Constantine
Леонид Leonid
Максим Maxim Maksim
Михаил Mikhail Mihail
Николай Nikolay Nikolai
Олег Oleg
Павел Pavel
Пётр Petr Pyotr
Роман Roman
Сергей Sergey Sergei
Степан Stepan
Тимур Timur
Фёдор Fedor Fyodor
Эдуард Eduard Edward
Юрий Yury Yuriy Yuri
Яков Yakov Iakov
Анна Anna
Екатерина Ekaterina Yekaterina
Елена Elena Yelena
Ксения Ksenia Kseniya Xenia
Людмила Lyudmila Liudmila
Мария Maria Mariya
Наталья Natalya Natalia Nataliya
Ольга Olga
Светлана Svetlana
Татьяна Tatyana Tatiana
Юлия Yulia Yuliya Iuliia
""")
RUSSIAN_LETTERS: Final = _parts("""
Ж Zh J
Х Kh H
Ц Ts Tz C
Ч Ch
Ш Sh
Щ Shch Sch
Ю Yu Iu
Я Ya Ia
Ё Yo E
Й Y I
Ы Y
Э E
А A
Б B
В V
Г G
Д D
Е E
З Z
И I
К K
Л L
М M
Н N
О O
П P
Р R
С S
Т T
У U
Ф F
""")
RUSSIAN_HEADS: Final = (
    "Бар Бел Бер Бог Бол Бур Вал Вер Вол Вор Гал Гор Гри Дан Дем Дол Дуб Еж Жар Жук Зай Зар Зим"
    " Зор Ил Кал Кар Ков Кол Кор Крав Кру Куз Куп Лав Лап Лео Лит Лыс Мак Мар Мед Мель Мир Мор"
    " Мыш Наз Ник Нов Ол Ост Пав Пан Пет Пло Пол Пуш Род Рож Руб Сав Сад Сим Сол Сор Ста Суд Тар"
    " Тих Тур Уш Фад Фил Хар Хом Цар Чер Чиж Шап Шев Ширш Щер Юд Як Яро"
).split()
RUSSIAN_MIDDLES: Final = (
    " ав ал ан ар ач ез ел ем ен ер еш ик ил ин ит иш ог ок ол ом он ор ош уб ул ун ур ух уш ыл ян"
).split(" ")
RUSSIAN_TAILS: Final = "ов ев ин енко ский цкий ук ич ых янов ёв".split()

ARABIC_GIVEN: Final = _parts("""
محمد Mohammed Muhammad Mohamed Mohammad
أحمد Ahmed Ahmad
علي Ali Aly
حسن Hassan Hasan
حسين Hussein Husayn Hussain Hossein
محمود Mahmoud Mahmud Mahmood
خالد Khalid Khaled
عمر Omar Umar
عثمان Othman Uthman Osman
إبراهيم Ibrahim Ebrahim
إسماعيل Ismail Ismael
يوسف Yusuf Youssef Yousef Yusif
سعيد Said Saeed Sayid
صالح Saleh Salih
طارق Tariq Tarek Tareq
مصطفى Mustafa Mostafa Moustafa
ياسر Yasser Yasir
جمال Jamal Gamal
كمال Kamal Kemal
فيصل Faisal Faysal
ناصر Nasser Nasir Naser
سليمان Suleiman Sulayman Soliman
عادل Adel Adil
ماجد Majid Majed Maged
رشيد Rashid Rachid Rasheed
حميد Hamid Hameed
كريم Karim Kareem
جعفر Jafar Jaafar Gaafar
زياد Ziad Ziyad
بلال Bilal Belal
أسامة Osama Usama
أيمن Ayman Aiman
حمزة Hamza Hamzah
أنور Anwar Anouar
سامي Sami Samy
وليد Walid Waleed
هشام Hisham Hicham
عصام Essam Issam Isam
فاروق Farouk Faruq Farooq
منصور Mansour Mansur Mansoor
قاسم Qasim Kassem Qassim
غسان Ghassan
شريف Sharif Sherif Cherif
مريم Maryam Mariam
فاطمة Fatima Fatimah
زينب Zainab Zaynab Zeinab
خديجة Khadija Khadijah
عبدالله Abdullah Abdallah
عبدالرحمن Abdulrahman Abdelrahman Abderrahmane
عبدالكريم Abdulkarim Abdelkarim
عبدالعزيز Abdulaziz Abdelaziz
""")
ARABIC_FAMILY: Final = _parts("""
المصري al-Masri El-Masry
التكريتي al-Tikriti
الدوري al-Duri al-Douri
البغدادي al-Baghdadi
الشامي al-Shami
الحربي al-Harbi
القحطاني al-Qahtani al-Kahtani
الزهراني al-Zahrani
الغامدي al-Ghamdi
العتيبي al-Otaibi al-Utaybi
الشمري al-Shammari al-Shamri
الدوسري al-Dosari al-Dawsari
الهاشمي al-Hashimi al-Hashemi
الموسوي al-Musawi al-Moussawi
الحسيني al-Husseini al-Husayni
الخطيب al-Khatib
الحداد al-Haddad el-Haddad
النجار al-Najjar el-Naggar
الصباغ al-Sabbagh
العلي al-Ali
الأسد al-Assad al-Asad
مخلوف Makhlouf Makhluf
شاهين Shahin Shaheen
حمدان Hamdan
قاسمي Qasimi Kasemi
بركات Barakat
منصوري Mansouri Mansuri
رمضان Ramadan Ramadhan
زيدان Zidan Zaydan
شعبان Shaaban Chaabane
سلامة Salama Salameh
عوض Awad Aouad
درويش Darwish Darwich
غانم Ghanem Ghanim
فرحات Farhat
عساف Assaf
جابر Jaber Jabir Gaber
طرابلسي Trabelsi Tarabulsi
تونسي Tounsi Tunisi
بوعزيزي Bouazizi
بن_علي Ben_Ali
زواوي Zaoui Zawawi
حجازي Hijazi Hegazy
خوري Khoury Khouri Khuri
صباح Sabah
نصرالله Nasrallah
عطية Attia Atiyah
مراد Mourad Murad
كيلاني Kilani Kaylani
رفاعي Rifai Refaie
""")
KOREAN_FAMILY: Final = _parts("""
김 Kim
이 Lee Yi Ri
박 Park Pak
최 Choi Choe
정 Jung Jong Chong
강 Kang
조 Cho Jo
윤 Yoon Yun
장 Jang Chang
임 Lim Im
한 Han
오 Oh O
서 Seo So
신 Shin Sin
권 Kwon
황 Hwang
안 An Ahn
송 Song
류 Ryu Ryoo
홍 Hong
""")
KOREAN_GIVEN: Final = _parts("""
영 Young Yong
철 Chol Chul
수 Su Soo
민 Min
호 Ho
준 Jun Joon
진 Jin
현 Hyun Hyon
성 Sung Song
정 Jung Jong
은 Un Eun
지 Ji
희 Hee Hui
명 Myong Myung
국 Kuk Guk
일 Il
남 Nam
상 Sang
석 Sok Seok
태 Tae
길 Kil Gil
동 Dong Tong
경 Kyong Kyung
순 Sun Soon
원 Won
학 Hak
혁 Hyok Hyuk
광 Kwang Gwang
룡 Ryong
화 Hwa
""")
WESTERN_GIVEN: Final = (
    "James John Robert Michael William David Richard Thomas Charles Daniel Matthew Anthony Mark"
    " Steven Paul Andrew Joshua Kenneth Kevin Brian Mary Patricia Jennifer Linda Elizabeth Barbara"
    " Susan Hans Jürgen Wolfgang Klaus Dieter Heinz Uwe Günter Friedrich Ingrid Ursula Sabine"
    " Petra José Juan Luis Carlos Jorge Pedro Manuel Rafael Miguel Ángel María Carmen Ana Isabel"
    " Lucía Jean Pierre Michel André Philippe François Jacques Marie Sylvie Nathalie Giovanni"
    " Giuseppe Antonio Mario Luigi Paolo Giulia Francesca João Paulo Fernando Ricardo Beatriz"
    " Søren Lars Jens Mette Björn Åsa Zoltán László István Eszter Tomasz Krzysztof Agnieszka"
    " Mehmet Mustafa Ayşe Fatma Emre Hüseyin Nguyen Tran Minh Thanh Suharto Budi Dewi Chukwu Amara"
    " Kwame Abebe Tesfaye Juma Wanjiru Sanjay Rajesh Priya Anil Sunita Hiroshi Kenji Yuki"
).split()
WESTERN_HEADS: Final = (
    "Al An Ar Bal Bar Bel Ber Bor Bran Bren Cal Car Cas Chan Col Cor Dal Dan Del Dor Dun El Fair"
    " Fal Fer Fin Gal Gar Gol Grim Had Hal Har Hen Hol Hum Jan Kal Kel Ken Lan Lar Lin Lom Mal Man"
    " Mar Mel Mon Nor Ol Or Pal Par Pen Por Quin Ral Ran Ros Sal San Schu Sel Sol Stan Tal Tor Val"
    " Van Ver Wal Wen Wil Win Zam Zel"
).split()
WESTERN_MIDDLES: Final = (
    " ber bor ca cas da de den der do dri fa fel ga gen gi ham ka kel la len li lo ma men mi mo na"
    " nel ni no pe ra ren ri ro sa sel si ta ten ti to va ven vi za"
).split(" ")
WESTERN_TAILS: Final = (
    "son sen mann berg stein ley ton ford worth field ez es i o ini elli etti eau ier ard oux"
    " ski czyk ák ová escu oğlu dottir quist ström huis dijk ens ers"
).split()
TRADES: Final = (
    "Trading|Shipping|Logistics|Holdings|Energy|Petroleum|Marine Services|Investments|Industries|"
    "Engineering|Construction|Import Export|Chemicals|Metals|Electronics|Technologies|"
    "Pharmaceutical|Textiles|Foods|Aviation|Capital|Bank|Insurance|Manufacturing|Group"
).split("|")
FORMS: Final = (
    "LLC|Ltd|Limited|Inc.|Corp.|Co., Ltd.|GmbH|AG|S.A.|S.A. de C.V.|SARL|B.V.|N.V.|A/S|Oy|"
    "Sp. z o.o.|S.r.l.|S.p.A.|OOO|JSC|PJSC|FZE|PLC|Pte Ltd|Sdn Bhd"
).split("|")
SHIP_WORDS: Final = (
    "Ocean Star Pacific Blue Golden Silver Morning Royal Black White Sea Eagle Lion Falcon Pearl"
    " Queen Spirit Wave Wind Horizon Glory Fortune Victory Dragon Phoenix Orient Arctic Coral Swan"
).split()
