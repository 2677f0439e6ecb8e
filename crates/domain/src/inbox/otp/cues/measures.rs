//! What numbers count: money, time, sizes.

use super::{Role, Table};

pub(super) const TABLE: Table = &[
    (
        Role::Currency,
        "
        $, €, £, ¥, ￥, ₹, ₽, ₺, ₫, ₩, ฿, ₦, ₴, ₱, ₪, ₿, ₸, ₼, ₾, ₡, ৳, ﷼, rp, idr, usd, us$, eur,
        gbp, rub, inr, rs, vnd, vnđ, đ, myr, rm, sgd, thb, php, krw, jpy, cny, rmb, hkd, twd, ntd,
        brl, mxn, ars, cop, clp, ngn, kes, ksh, zar, egp, sar, aed, pkr, bdt, tk, npr, lkr, uah,
        kzt, uzs, pln, zł, zl, czk, kč, huf, ft, ron, lei, chf, sek, nok, dkk, aud, cad, nzd, ils,
        nis, usdt, btc, руб, рублей, рубля, рубль, р, грн, гривень, тенге, тг, сум, rupiah,
        ringgit, baht, peso, pesos, dollar, dollars, euro, euros, reais, lira, lirası, tl, rupees,
        rupee, taka, naira, yen, yuan, дол, доллар*, евро, *元, *元*, *円*, *원*, *บาท*, *रुपये*,
        *रुपए*, *रु*, *টাকা*, *ريال*, *درهم*, *جنيه*, *دينار*, *دولار*, *تومان*, *ש״ח*, *שח*,
        đồng, dong",
    ),
    (
        Role::Unit,
        "
        s, sec, secs, second, seconds, min, mins, minute, minutes, h, hr, hrs, hour, hours, day,
        days, week, weeks, month, months, year, years, pm, detik, menit, jam, hari, minggu, bulan,
        tahun, saat, minit, сек, мин, минут*, час, часа, часов, дня, дней, дні, днів, день, суток,
        год, года, году, лет, г, хвилин*, годин*, секунд*, минута, *分钟*, *分鐘*, *秒*, *小时*, *小時*,
        *時間*, *天*, *日*, *年*, *月*, *시간*, *년*, segundo*, minuto*, hora, horas, día*, dia, dias, mes,
        meses, año*, ano, anos, seconde*, heure*, jour, jours, mois, année*, sekunde*, minuten,
        stunde*, tag, tage*, woche*, monat*, jahr*, uhr, saniye*, dakika*, gün, yıl*, minut*,
        godzin*, dni, hodin*, perc, percig, percen, percent, giây, phút, giờ, ngày, giay, phut,
        gio, ngay, tháng, năm, *دقيقة*, *دقائق*, *ثانية*, *ساعة*, *ساعات*, *أيام*, *يوم*, *دقیقه*,
        *ثانیه*, *मिनट*, *घंट*, *सेकंड*, *दिन*, *মিনিট*, *นาที*, *วินาที*, *ชั่วโมง*, *วัน*,
        secondi, ore, giorni, ora, дақиқа*, k, m, x, %, °, km, kg, g, gb, mb, kb, tb, mbps, kwh,
        ml, l, pcs, point, points, pts, poin, puntos, pontos, баллов, балла, бонус*, punkte, puan,
        *积分*, *ポイント*, coins, coin, miles, users, people, times, digits, digit, digit-code,
        characters, angka, цифр*, знач*, dígitos, digitos, chiffres, cifre, stellig*, stelligen,
        haneli, chữ, chu so, *桁*, *자리*, हज़ार, шт, штук, кг, км, гб, мб, тыс*, млн, ribu, rb, jt,
        juta, nghìn, triệu, tr, million, millions, thousand, mil, mila, tausend, items, orders,
        steps, units, credits, followers, sq, lbs, st, nd, rd, th, is your order*,
        is your booking, is your ticket*, is your reference*, is your tracking, is your customer,
        is your account, is your policy, is our number, is our hotline",
    ),
    (
        Role::Unit,
        "
        numarasını, numaralı, numarasına, nolu, no'lu, hattı, hattını, hattından, numarasından,
        *로 전화*, *번으로*, *に電話*, *へ電話*, *にお電話*, *पर कॉल*, *पर संपर्क*, *पर एसएमएस*",
    ),
    (
        Role::Offer,
        "
        off, discount, discounts, sale, at checkout, cashback, diskon, potongan, скидка, скидку,
        скидкой, скидки, descuento, desconto, remise, réduction, rabatt, sconto, korting,
        indirim*, zniżki, zniżka, giảm, giam, *オフ*, *割引*, *할인*, *立减*, *满减*, *折扣*, *折優惠*, *خصم*,
        *تخفیف*, *छूट*, *ส่วนลด*, free delivery, free shipping",
    ),
    (
        Role::Month,
        "
        jan, january, feb, february, mar, march, apr, april, may, jun, june, jul, july, aug,
        august, sep, sept, september, oct, october, nov, november, dec, december, januari,
        februari, maret, mei, juni, juli, agustus, agu, oktober, okt, desember, des, enero,
        febrero, marzo, abril, mayo, junio, julio, agosto, septiembre, octubre, noviembre,
        diciembre, janeiro, fevereiro, março, maio, junho, julho, setembro, outubro, novembro,
        dezembro, janvier, février, mars, avril, mai, juin, juillet, août, septembre, octobre,
        novembre, décembre, januar, februar, märz, dezember, ocak, şubat, mart, nisan, mayıs,
        haziran, temmuz, ağustos, eylül, ekim, kasım, aralık, янв*, февр*, март*, апр*, мая, июн*,
        июл*, авг*, сент*, окт*, нояб*, дек*, січня, лютого, березня, يناير, فبراير, مارس, أبريل,
        مايو, يونيو, يوليو, أغسطس, سبتمبر, أكتوبر, نوفمبر, ديسمبر, जनवरी, फरवरी, मार्च, अप्रैल,
        मई, जून, जुलाई, अगस्त, सितंबर, अक्टूबर, नवंबर, दिसंबर, tháng",
    ),
];
