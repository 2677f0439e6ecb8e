//! Words for "code", and words that stand around one.

use super::{
    Role,
    Side::{Before, Behind, Either},
    Strength::{Medium, Strong, Weak},
    Table,
};

const STRONG: Role = Role::Hint(Strong, Either);
const MEDIUM: Role = Role::Hint(Medium, Either);
const WEAK: Role = Role::Hint(Weak, Either);
const ENTER: Role = Role::Hint(Weak, Before);
const IS_YOURS: Role = Role::Hint(Weak, Behind);

pub(super) const TABLE: Table = &[
    // In many languages.
    (STRONG, "otp*, otac, mtan, smstan, 2fa, totp, sms-tan"),
    (MEDIUM, "*code, *codes, pin, tan, vcode, login code"),
    // English.
    (
        STRONG,
        "
        verification code, verify code, security code, confirmation code, login code, log in code,
        log-in code, sign-in code, sign in code, signin code, auth code, authentication code,
        authorization code, authorisation code, access code, activation code, validation code,
        one time code, one-time code, one time password, one-time password, one time passcode,
        one-time passcode, one-time pin, one time pin, passcode, single-use code, recovery code,
        temporary code, confirm code, registration code, secret code, dynamic code, sms code,
        temporary password, verification pin, guard code, verification number, approval code,
        pass code, security key",
    ),
    (MEDIUM, "password, verification, pass key"),
    (
        WEAK,
        "
        verif*, confirm*, authentic*, authoriz*, authoris*, log in, login, sign in, sign up,
        activate, reset, two-factor, two-step, 2-step, validat*",
    ),
    (ENTER, "use, enter, type, input, submit"),
    (IS_YOURS, "is your, is the, as your, to verify, to confirm, to log, to sign"),
    // Indonesian, Malay, Filipino.
    (
        STRONG,
        "
        kode verifikasi, kode otp, kode keamanan, kode akses, kode konfirmasi, kode aktivasi,
        kode masuk, kode login, kode rahasia, kode otentikasi, kode autentikasi, kode registrasi,
        kode unik, kata sandi sekali pakai, sandi sekali pakai, kod pengesahan, kod keselamatan,
        kod verifikasi, kod tac, tac, tac anda",
    ),
    (MEDIUM, "kode, kodenya, sandi, kata sandi, kata laluan, kodemu"),
    (WEAK, "verifikasi, pengesahan, konfirmasi, aktivasi"),
    (ENTER, "masukkan, gunakan, pakai, gamitin, ilagay, guna"),
    (IS_YOURS, "adalah, ialah, untuk verifikasi, ang iyong"),
    // Russian, Ukrainian, Belarusian, Kazakh, Kyrgyz, Uzbek, Bulgarian, Serbian, Macedonian.
    (
        STRONG,
        "
        код подтвержд*, код активац*, код авториз*, код вериф*, код доступ*, код безопасн*,
        код для вход*, код вход*, проверочный код, смс-код, sms-код, код из смс,
        одноразовый пароль, одноразовый код, секретный код, код регистрац*, код получен*, код выдач*, код поездки, код підтвердж*,
        код перевірк*, одноразовий пароль, растау коды, растау код*, тасдиқлаш коди,
        код за потвърж*, код за проверк*, верификационен код, потврдни код, код за потврд*,
        ырастоо код*, шифр, tasdiqlash kodi, tasdiqlash kod*",
    ),
    (
        MEDIUM,
        "
        код*, кода, пароль, пароля, пін-код, пин-код, парола, лозинка, пин",
    ),
    (
        WEAK,
        "
        подтвержд*, регистрац*, авторизац*, вход*, підтвердж*, активац*, растау",
    ),
    (
        ENTER,
        "
        введите, используйте, введіть, використайте, назовите, въведете, енгізіңіз",
    ),
    (IS_YOURS, "ваш код, это ваш, твой код, ваш пароль, sizning, сіздің"),
    // Chinese, Japanese, Korean.
    (
        STRONG,
        "
        *验证码*, *驗證碼*, *校验码*, *动态码*, *动态密码*, *確認碼*, *确认码*, *認證碼*, *认证码*, *激活码*, *登录码*, *登入碼*,
        *短信码*, *安全码*, *安全碼*, *检验码*, *随机码*, *一次性密码*, *一次性密碼*, *动态口令*, *验证代码*, *驗證代碼*, *認証コード*,
        *確認コード*, *認証番号*, *検証コード*, *ログインコード*, *セキュリティコード*, *パスコード*, *ワンタイムパスワード*, *確認番号*, *暗証番号*,
        *인증번호*, *인증 번호*, *인증코드*, *인증 코드*, *확인 코드*, *확인코드*, *보안 코드*, *보안코드*, *로그인 코드*, *본인확인*,
        *verification code*",
    ),
    (
        MEDIUM,
        "
        *密码*, *密碼*, *代码*, *代碼*, *コード*, *코드*, *비밀번호*, *パスワード*, *口令*",
    ),
    (WEAK, "*验证*, *驗證*, *認証*, *인증*, *登录*, *登入*, *注册*, *確認*"),
    (ENTER, "*输入*, *輸入*, *入力*, *입력*"),
    // Spanish, Portuguese, Catalan, Galician.
    (
        STRONG,
        "
        código de verificación, codigo de verificacion, código de seguridad, codigo de seguridad,
        código de confirmación, codigo de confirmacion, código de acceso, codigo de acceso,
        código de activación, codigo de activacion, código de verificação, codigo de verificacao,
        código de segurança, codigo de seguranca, código de confirmação, codigo de confirmacao,
        código de acesso, codigo de acesso, código de ativação, codigo de ativacao,
        código de autenticação, código de autenticación, código de login,
        contraseña de un solo uso, clave de un solo uso, clave dinámica, clave dinamica,
        código de inicio de sesión, codi de verificació, código de validação,
        código de validación, código sms, codigo sms, clave temporal, clave única,
        senha temporária, senha temporaria",
    ),
    (
        MEDIUM,
        "
        código*, codigo*, codi, clave, contraseña, senha, chave, cód, token",
    ),
    (WEAK, "verifica*, confirma*, ingresa, acceso, acesso, activa*, autentica*"),
    (
        ENTER,
        "
        usa, usar, utiliza, utilice, use o, introduce, ingrese, digite, insira",
    ),
    (
        IS_YOURS,
        "
        es tu, es su, es el, é o seu, é o teu, é seu, e o seu, como código",
    ),
    // French, Italian, Romanian.
    (
        STRONG,
        "
        code de vérification, code de verification, code de sécurité, code de securite,
        code de confirmation, code de connexion, code d'accès, code d'acces, code d'activation,
        code d'authentification, code de validation, code secret, code à usage unique,
        mot de passe à usage unique, code confidentiel, code temporaire, codice di verifica,
        codice di sicurezza, codice di conferma, codice di accesso, codice di attivazione,
        codice otp, codice temporaneo, codul de verificare, cod de verificare,
        codul de securitate, codul de confirmare, cod de confirmare, codul de autentificare",
    ),
    (MEDIUM, "codice, codul, codul tău, mot de passe, parola, parolă, mdp"),
    (WEAK, "vérif*, connexion, confirmer, accedere, validez, verificare"),
    (
        ENTER,
        "
        saisissez, saisir, entrez, utilisez, inserisci, usa il, introdu*, utilizează",
    ),
    (IS_YOURS, "est votre, est ton, est le, è il tuo, e il tuo, este codul"),
    // German, Dutch, Swedish, Danish, Norwegian, Finnish.
    (
        STRONG,
        "
        *bestätigungscode, *bestaetigungscode, *sicherheitscode, *zugangscode,
        *verifizierungscode, *aktivierungscode, *anmeldecode, *freischaltcode, *einmalcode,
        *einmalpasswort, *einmalkennwort, *prüfcode, *logincode, *sms-code, *verificatiecode,
        *bevestigingscode, *beveiligingscode, *inlogcode, *toegangscode, *controlecode,
        *verifieringskod*, *bekräftelsekod*, *säkerhetskod*, *engångskod*, *inloggningskod*,
        *bekræftelseskode*, *sikkerhedskode*, *engangskode*, *bekreftelseskode*,
        *verifikasjonskode*, *sikkerhetskode*, *godkendelseskode*, *vahvistuskoodi*, *turvakoodi*,
        *kertakoodi*",
    ),
    (
        MEDIUM,
        "
        *kod, *koden, *kode, *koodi*, *kennwort, *passwort, wachtwoord, lösenord, *kennung",
    ),
    (
        WEAK,
        "
        *bestätig*, *anmeld*, *verifizier*, verifieer, bevestig*, inloggen, registrier*",
    ),
    (
        ENTER,
        "
        verwenden sie, geben sie, gib, nutze, gebruik, ange, använd, brug, bruk, käytä",
    ),
    (
        IS_YOURS,
        "
        ist dein, ist ihr, lautet, ist der, is je, is uw, är din, er din, on sinun",
    ),
    // Turkish, Azerbaijani, Turkmen.
    (
        STRONG,
        "
        doğrulama kod*, dogrulama kod*, onay kod*, güvenlik kod*, guvenlik kod*, aktivasyon kod*,
        giriş kod*, giris kod*, tek kullanımlık*, tek kullanimlik*, sms şifre*, təsdiq kod*,
        tesdiq kod*, doğrulama şifre*, onay şifre*",
    ),
    (MEDIUM, "kod*, şifre*, sifre*, parola*, parol*"),
    (WEAK, "doğrula*, dogrula*, onay*, təsdiq*, giriş"),
    (ENTER, "giriniz, girin"),
    // Polish, Czech, Slovak, Croatian, Slovene, Hungarian, Baltic, Albanian.
    (
        STRONG,
        "
        kod weryfikacyjn*, kod potwierdz*, kod dostępu, kod autoryzacyjn*, kod aktywacyjn*,
        hasło jednorazowe, hasło sms, kod bezpieczeństwa, ověřovací kód*, overovací kód*,
        potvrzovací kód*, bezpečnostní kód*, aktivační kód*, autorizační kód*, bezpečnostný kód*,
        verifikační kód*, kontrolni kod, kontrolni kôd, potvrdni kod, verifikacijski kod,
        ellenőrző kód*, megerősítő kód*, biztonsági kód*, hitelesítő kód*, belépési kód*,
        patvirtinimo kod*, apstiprinājuma kod*, kinnituskood*, kodi i verifikimit",
    ),
    (
        MEDIUM,
        "
        kód*, *kódja, *kódod, *kód, kôd, hasło, heslo, lozinka, jelszó, kods, kood, kodas",
    ),
    (WEAK, "weryfik*, potwierdź*, potwierdz*, ověř*, potvrď*, ellenőrz*"),
    (ENTER, "wpisz, użyj, zadejte, zadajte, unesite, írja be"),
    (IS_YOURS, "to twój, to Twoj, je váš, je vaš, je tvoj, az ön"),
    // Greek, Armenian, Georgian.
    (
        STRONG,
        "
        κωδικός επαλήθευσης, κωδικος επαληθευσης, κωδικός ασφαλείας, հաստատման կոդ*,
        *დადასტურების კოდი*",
    ),
    (MEDIUM, "κωδικ*, *կոդ*, *კოდ*"),
    // Arabic, Persian, Urdu, Hebrew.
    (
        STRONG,
        "
        *رمز التحقق*, *رمز التأكيد*, *رمز التفعيل*, *رمز الدخول*, *كود التحقق*, *كود التفعيل*,
        *رمز الأمان*, *رمز المرور*, *كلمة المرور لمرة واحدة*, *كود التأكيد*, *الرقم السري المؤقت*,
        *رمز تحقق*, *رمز تفعيل*, *رمز تسجيل الدخول*, *کد تایید*, *کد تأیید*, *کد فعال*, *کد ورود*,
        *رمز یکبار*, *رمز پویا*, *تصدیقی کوڈ*, *קוד אימות*, *קוד האימות*, *קוד אבטחה*",
    ),
    (
        MEDIUM,
        "
        *كود*, *رمز*, *کد*, *کوڈ*, *كلمة المرور*, *كلمة السر*, *קוד*, *סיסמ*",
    ),
    (WEAK, "*التحقق*, *تأكيد*, *تفعيل*, *تایید*, *אימות*"),
    (ENTER, "*استخدم*, *أدخل*, *وارد کنید*, *הזן*, *הקש*"),
    // Hindi, Bengali, Gujarati, Punjabi, Tamil, Telugu, Kannada, Malayalam, Sinhala and their kin.
    (
        STRONG,
        "
        *ओटीपी*, *सत्यापन कोड*, *वेरिफिकेशन कोड*, *सुरक्षा कोड*, *पुष्टिकरण कोड*, *लॉगिन कोड*,
        *ওটিপি*, *যাচাইকরণ কোড*, *যাচাই কোড*, *ઓટીપી*, *ਓਟੀਪੀ*, *ஓடிபி*, *ஒடிபி*, *ఓటీపీ*,
        *ಒಟಿಪಿ*, *ഒടിപി*",
    ),
    (
        MEDIUM,
        "
        *कोड*, *पासवर्ड*, *पिन*, *কোড*, *পিন*, *કોડ*, *ਕੋਡ*, *குறியீ*, *கோட்*, *కోడ్*, *ಕೋಡ್*,
        *കോഡ്*, *කේත*",
    ),
    (WEAK, "*सत्यापन*, *सत्यापित*, *যাচাই*"),
    // Vietnamese, Thai, Khmer, Lao, Burmese, Mongolian.
    (
        STRONG,
        "
        mã xác thực, mã xác nhận, mã xác minh, mã otp, mã kích hoạt, mã đăng nhập, mã bảo mật,
        mã đăng ký, ma xac thuc, ma xac nhan, ma xac minh, ma otp, ma kich hoat, ma dang nhap,
        ma bao mat, ma dang ky, mật khẩu một lần, *รหัสยืนยัน*, *รหัส otp*, *รหัสตรวจสอบ*,
        *รหัสความปลอดภัย*, *รหัสผ่าน*, *លេខកូដ*, *ລະຫັດ*, *အတည်ပြုကုဒ်*, баталгаажуулах код*",
    ),
    (MEDIUM, "mã, mã số, mật khẩu, mat khau, *รหัส*, *โค้ด*, *កូដ*, *ကုဒ်*"),
    (WEAK, "xác thực, xác nhận, xác minh, xac thuc, xac nhan, xac minh, *ยืนยัน*"),
    (ENTER, "nhập, nhap, sử dụng, su dung, *กรอก*, *ใช้*"),
    (IS_YOURS, "là mã, la ma, là otp, *คือ*"),
    // Swahili, Hausa, Amharic, Somali, Afrikaans.
    (
        STRONG,
        "
        nambari ya uthibitisho, msimbo wa uthibitisho, lambar tabbatarwa, *ማረጋገጫ*, verifikasiekode",
    ),
    (MEDIUM, "msimbo, *ኮድ*, koodhka, namba ya siri, lambar sirri"),
    // "Is" between a word for a code and the code.
    (
        Role::Link,
        "
        is, adalah, ialah, es, est, ist, é, è, e, is:, là, la, este, to, je, jest, är, er, это, є,
        е, *是*, *为*, *為*, *は*, هو, هي, است, הוא, है, *คือ*, lautet, olan, ni, ay, bu, code",
    ),
];
