//! Words before numbers that are no codes.

use super::{Role, Table};

/// A preposition: the number right behind it is more often a place or time.
const NEXT: Role = Role::Foil { weight: 30, reach: 2 };
/// The same with a word or two between them.
const NEAR: Role = Role::Foil { weight: 120, reach: 16 };
/// The same with more words between them, as in "call our customer care at 14045".
const FAR: Role = Role::Foil { weight: 120, reach: 32 };
/// The number is probably what the word says.
const SOFT: Role = Role::Foil { weight: 50, reach: 12 };

pub(super) const TABLE: Table = &[
    // To be called or written to.
    (
        FAR,
        "
        call, dial, reply, text stop, text yes, hotline, helpline, toll free, toll-free,
        call center, call centre, customer care, customer service, sms to, whatsapp to, send stop,
        send yes, text help, to opt out, unsubscribe, opt-out, opt out, hubungi, telepon, telpon,
        balas, ketik, kirim sms, kirim ke, sms ke, позвон*, звоните, отправьте, наберите,
        горячая линия, горячей линии, телефонуйте, зателефонуйте, llama*, llame*, responde, envía,
        envia, llámanos, ligue, responda, envie, appelez, répondez, repondez, envoyez, rufen,
        anrufen, antworten sie, senden sie, chiama, rispondi, bel, arayın, arayin, yanıtla*,
        gönder*, gonder*, zadzwoń, odpisz, zavolejte, gọi, goi, liên hệ, lien he, lh, soạn, soan,
        tổng đài, tong dai, gửi, gui, *致电*, *拨打*, *致電*, *撥打*, *热线*, *熱線*, *客服*, *回复*, *回覆*, *发送*,
        *电话*, *電話*, *문의*, *고객센터*, *اتصل*, *أرسل*, *تماس*, *התקשר*, *कॉल करें*, *कॉल*, *โทร*,
        iptal için, ret yaz*, stop, berhenti",
    ),
    (
        NEAR,
        "
        info, support, help, urgence, assistance, bilgi, destek, инфо, справки, поддержки, atención,
        dudas, aide, assistenza, service, tel, phone, telp, tlp, hub, cs, fax, mobile, hp, wa, тел, телефон*, факс, teléfono,
        telefono, telefone, téléphone, telefon*, đt, sđt, *هاتف*, short code, shortcode, ext,
        extension, hotline",
    ),
    // Cards and accounts.
    (
        NEAR,
        "
        ending, ending in, ending with, ends in, ends with, last 4, last four, berakhiran,
        berakhir, akhiran, terminada en, terminada em, terminado en, terminado em, termina en,
        final, se terminant par, finissant par, endend auf, endet auf, mit der endung, oканчива*,
        оканчива*, заканчива*, che termina, ile biten, sonu, kończąc*, *尾号*, *尾號*, *末尾*, *끝자리*,
        *المنتهي*, *منتهي*, *המסתיים*, *समाप्त*, đuôi",
    ),
    (
        SOFT,
        "
        card, kartu, карта, карты, карте, карту, картой, tarjeta, cartão, cartao, carte, karte,
        carta, kartınız*, thẻ, *卡*, account, acct, a/c, acc, rekening, norek, rek, счет*, счёт*,
        рахунок, cuenta, conta, compte, konto, tài khoản, tai khoan, tk, stk, hesab*, *账户*, *帳戶*,
        *الحساب*, *खाता*, *بطاقة*, user id, userid, customer id, member id, id, username, number,
        nomor, номер, номера, número, numero, nummer, заказа, заказу, оплат*, списан*, перевод*,
        transaksi, pembayaran",
    ),
    // What registers count.
    (
        NEAR,
        "
        order, order id, order number, order no, invoice, inv, ref, ref no, refno, reference, trx,
        trxid, txn, txnid, trn, transaction id, transaction no, utr, rrn, receipt, ticket,
        ticket no, booking, pnr, awb, tracking, tracking number, parcel, shipment, case, case id,
        case number, policy, policy no, claim, loan, bill, complaint, request id, token number,
        flight, train, bus, gate, seat, plate, text, room, apt, apartment, suite, floor, building, street,
        unit, house, box, locker, block, plot, no pesanan, pesanan, no resi, resi, faktur,
        tagihan, nota, tiket, no trx, no referensi, referensi, id pelanggan, paket, kamar, jalan,
        jl, заказ, заказ №, №, накладн*, посылк*, договор*, квитанц*, талон*, окно, рейс*, бронь, билет*,
        заявк*, обращени*, замовлення, ул, улица, дом, кв, квартира, офис, кабинет*, pedido,
        orden, factura, fatura, referencia, referência, reserva, guía, guia, envío, envio, vuelo,
        voo, calle, rua, protocolo, boleto, nota fiscal, folio, commande, facture, référence,
        réservation, colis, dossier, vol, rue, bestellung, bestellnummer, rechnung,
        rechnungsnummer, auftrag, auftragsnummer, kundennummer, vorgang, sendung, ticketnummer,
        flug, zimmer, ordine, fattura, pacco, volo, bestelling, factuur, pakket, sipariş*,
        siparis*, fatura no, rezervasyon*, kargo*, takip no, takip, referans*, abone no, dosya no,
        zamówienie, zamówienia, faktura, przesyłk*, objednávk*, zásilk*, rendelés*, csomag*,
        comanda, colet*, đơn hàng, don hang, mã đơn*, ma don*, mã vận đơn, mã giao dịch,
        ma giao dich, hóa đơn, hoa don, mã kh, ma kh, mã số thuế, số dư, so du, *订单*, *訂單*, *单号*,
        *單號*, *运单*, *快递*, *取件*, *流水号*, *车次*, *航班*, *房间*, *注文番号*, *注文*, *予約番号*, *伝票*, *주문번호*, *주문*,
        *송장*, *예약번호*, *운송장*, *طلب رقم*, *رقم الطلب*, *طلبك*, *الطلب*, *فاتورة*, *حجز*,
        *رقم الفاتورة*, *شحنة*, *سفارش*, *הזמנה*, *ऑर्डर*, *बुकिंग*, *पीएनआर*, *ออเดอร์*,
        *คำสั่งซื้อ*, *พัสดุ*, meter, meteran, vehicle, version, build",
    ),
    // What is left, paid, or won.
    (
        NEAR,
        "
        balance, saldo, pulsa, баланс, остаток, sisa, solde, guthaben, bakiye*, kontostand, bonus,
        discount, diskon, скидк*, descuento, desconto, remise, rabatt, indirim*, win, won, amount,
        sum, total, price, harga, cumulative, сумма, сумму, зачислен*, importe, monto, valor,
        montant, betrag, tutar*, nominal, *余额*, *余額*, *金额*, *消费*, *잔액*, *رصيد*, *مبلغ*, *المبلغ*,
        *शेष*, *राशि*, *ยอด*, số tiền, so tien, over, more than, up to, since, hingga, до, от,
        bis zu, ab, depuis, desde, sejak, year, tahun, год, año, ano, année, jahr, yıl, until,
        valid until, expires on, s/d",
    ),
    // Codes for something else, which hide the word for "code" in them.
    (
        FAR,
        "
        promo code, promo codes, promocode, promotional code, coupon code, voucher code,
        discount code, gift code, referral code, invite code, invitation code, coupon, promo,
        voucher, gift card, kode promo, kode voucher, kode referral, kode kupon, kode diskon,
        kode undangan, kupon, промокод*, промо-код*, купон*, код скидки, código promocional,
        codigo promocional, cupón, cupon, cupom, código de descuento, codigo de descuento,
        código de desconto, codigo de desconto, código de invitación, code promo,
        code de réduction, code reduc, gutscheincode, gutschein*, aktionscode, rabattcode,
        codice sconto, codice promo, kortingscode, rabattkod*, rabatkode*, indirim kod*,
        promosyon kod*, kupon kod*, kampanya kod*, kod rabatowy, kod promocyjny, slevový kód,
        kuponkód*, mã giảm giá, ma giam gia, mã khuyến mãi, ma khuyen mai, mã ưu đãi, ma uu dai,
        mã giới thiệu, *优惠码*, *优惠券*, *優惠碼*, *邀请码*, *邀請碼*, *兑换码*, *折扣码*, *クーポン*, *クーポンコード*, *招待コード*, *쿠폰*,
        *할인코드*, *كود الخصم*, *كود خصم*, *كوبون*, *کد تخفیف*, *קוד קופון*, *קופון*, *कूपन*,
        *प्रोमो कोड*, *โค้ดส่วนลด*",
    ),
    (
        NEAR,
        "
        zip code, zipcode, postal code, post code, postcode, area code, country code, error code,
        barcode, bar code, qr code, dress code, source code, branch code, swift code, sort code,
        ifsc code, ifsc, booking code, tracking code, reference code, product code, item code,
        merchant code, color code, course code, class code, status code, hs code, kode pos,
        kode booking, kode area, kode negara, kode bank, kode resi, kode pesanan, kode bayar,
        kode pembayaran, kode error, kode referensi, kode barang, kode produk, kode toko,
        kode cabang, kode unik pembayaran, почтовый код, код товара, код ошибки, код города,
        код заказа, код бронирования, индекс, штрих-код*, штрихкод*, qr-код*, код страны,
        código postal, codigo postal, código de barras, codigo de barras, código de rastreo,
        código de rastreio, codigo de rastreio, código de error, código de erro,
        código de reserva, código do pedido, código de área, código qr, cep, code postal,
        code barre, code-barres, code erreur, code de suivi, code de réservation, postleitzahl,
        plz, fehlercode, strichcode, buchungscode, sendungsnummer, qr-code, codice postale,
        codice errore, codice fiscale, cap, codice ordine, posta kodu, ürün kodu, hata kodu,
        alan kodu, rezervasyon kodu, takip kodu, kod pocztowy, kod kreskowy, poštovní směrovací,
        psč, irányítószám, mã bưu điện, mã sản phẩm, mã lỗi, mã đặt chỗ, mã vạch, *邮政编码*, *郵遞區號*,
        *错误代码*, *区号*, *股票代码*, *郵便番号*, *エラーコード*, *バーコード*, *우편번호*, *오류 코드*, *الرمز البريدي*,
        *رمز الخطأ*, *كود المنتج*, *כד פוסטלי*, *מיקוד*, *पिन कोड क्षेत्र*, *डाक*, *รหัสไปรษณีย์*,
        *รหัสสินค้า*",
    ),
    (
        NEXT,
        "
        from, in, on, at, since, em, в, во, tahun, kl, um, pukul, jam, lúc, de",
    ),
];
