# Das Vokabular in Worten: Bezeichnungen von Feldern, Bereichen, Zwecken und Rechtsgrundlagen.
#
# Eine Nachricht heißt wie das, was sie in specs/vocabulary.json benennt: das Feld phone.workMobile ist field-phone-workMobile. Aus
# Punkten werden Bindestriche, Großbuchstaben bleiben; so geht nichts verloren. Eigennamen von Standards und Firmen bleiben, wie sie
# sind (IBAN, XMPP, LinkedIn), Blutgruppen auch: Sie haben keine Nachricht. Angesprochen wird mit „Sie“.

## Bereiche

facet-name = Name
facet-gender = Geschlecht
facet-birth = Geburt
facet-nationality = Staatsangehörigkeit
facet-language = Sprachen
facet-timezone = Zeitzone
facet-phone = Telefon
facet-email = E-Mail
facet-address = Adressen
facet-organization = Beruf
facet-web = Webseiten
facet-social = Soziale Netzwerke
facet-im = Messenger
facet-payment = Bankverbindung
facet-preference = Ihre Wünsche
facet-emergency = Notfallkontakt
facet-id = Amtliche Nummern
facet-family = Familie
facet-loyalty = Kundenkarten
facet-vehicle = Fahrzeug
facet-health = Gesundheit
facet-belief = Glaube
facet-interest = Interessen
facet-x = Sonstiges

## Felder

field-name-full = Vollständiger Name
field-name-prefix = Titel vor dem Namen
field-name-given = Vorname
field-name-additional = Weitere Vornamen
field-name-family = Nachname
field-name-suffix = Zusatz nach dem Namen
field-name-nick = Spitzname
field-name-phoneticGiven = Vorname, wie er gesprochen wird
field-name-phoneticFamily = Nachname, wie er gesprochen wird
field-name-birth = Geburtsname

field-gender-sex = Geschlecht laut Ausweis
field-gender-identity = Geschlecht in eigenen Worten
field-gender-pronouns = Pronomen

field-birth-date = Geburtsdatum
field-birth-place = Geburtsort
field-birth-country = Geburtsland

field-nationality-primary = Staatsangehörigkeit
field-nationality-secondary = Zweite Staatsangehörigkeit

field-language-preferred = Bevorzugte Sprache
field-language-second = Zweite Sprache

field-timezone-home = Zeitzone

field-phone-mobile = Mobiltelefon
field-phone-home = Telefon zu Hause
field-phone-work = Telefon bei der Arbeit
field-phone-workMobile = Mobiltelefon bei der Arbeit
field-phone-other = Weiteres Telefon
field-phone-faxHome = Fax zu Hause
field-phone-faxWork = Fax bei der Arbeit
field-phone-pager = Pager

field-email-personal = Private E-Mail-Adresse
field-email-work = E-Mail-Adresse bei der Arbeit
field-email-billing = E-Mail-Adresse für Rechnungen
field-email-other = Weitere E-Mail-Adresse

field-address-home-street = Wohnanschrift: Straße und Hausnummer
field-address-home-extra = Wohnanschrift: Stockwerk, Wohnung, c/o
field-address-home-locality = Wohnanschrift: Ort
field-address-home-region = Wohnanschrift: Bundesland oder Region
field-address-home-postalCode = Wohnanschrift: Postleitzahl
field-address-home-country = Wohnanschrift: Land
field-address-home-poBox = Wohnanschrift: Postfach
field-address-delivery-street = Lieferadresse: Straße und Hausnummer
field-address-delivery-extra = Lieferadresse: Stockwerk, Wohnung, c/o
field-address-delivery-locality = Lieferadresse: Ort
field-address-delivery-region = Lieferadresse: Bundesland oder Region
field-address-delivery-postalCode = Lieferadresse: Postleitzahl
field-address-delivery-country = Lieferadresse: Land
field-address-delivery-poBox = Lieferadresse: Postfach
field-address-billing-street = Rechnungsadresse: Straße und Hausnummer
field-address-billing-extra = Rechnungsadresse: Stockwerk, Wohnung, c/o
field-address-billing-locality = Rechnungsadresse: Ort
field-address-billing-region = Rechnungsadresse: Bundesland oder Region
field-address-billing-postalCode = Rechnungsadresse: Postleitzahl
field-address-billing-country = Rechnungsadresse: Land
field-address-billing-poBox = Rechnungsadresse: Postfach
field-address-work-street = Geschäftsadresse: Straße und Hausnummer
field-address-work-extra = Geschäftsadresse: Stockwerk, Wohnung, c/o
field-address-work-locality = Geschäftsadresse: Ort
field-address-work-region = Geschäftsadresse: Bundesland oder Region
field-address-work-postalCode = Geschäftsadresse: Postleitzahl
field-address-work-country = Geschäftsadresse: Land
field-address-work-poBox = Geschäftsadresse: Postfach

field-organization-name = Firma oder Organisation
field-organization-unit = Abteilung
field-organization-title = Berufsbezeichnung
field-organization-role = Aufgabe
field-organization-vatId = Umsatzsteuer-ID der Firma

field-web-home = Private Webseite
field-web-work = Webseite bei der Arbeit

field-social-linkedin = LinkedIn-Profil
field-social-mastodon = Mastodon-Profil
field-social-x = X-Profil
field-social-github = GitHub-Profil
field-social-instagram = Instagram-Profil
field-social-facebook = Facebook-Profil

field-im-xmpp = XMPP-Adresse
field-im-matrix = Matrix-Adresse
field-im-sip = SIP-Adresse

field-payment-iban = Bankkonto (IBAN)
field-payment-bic = Bank (BIC)
field-payment-holder = Kontoinhaber oder Kontoinhaberin

field-preference-channel = Wie Sie erreicht werden möchten
field-preference-marketing = Angebote und Werbung erwünscht
field-preference-calls = Anrufe erwünscht

field-emergency-name = Im Notfall anrufen: Name
field-emergency-phone = Im Notfall anrufen: Telefon
field-emergency-relation = Im Notfall anrufen: wie die Person zu Ihnen steht

field-id-tax = Steuernummer
field-id-national = Nummer des Personalausweises
field-id-passport = Nummer des Reisepasses
field-id-passportCountry = Ausstellendes Land des Reisepasses
field-id-passportExpiry = Reisepass gültig bis
field-id-driverLicense = Nummer des Führerscheins
field-id-socialSecurity = Sozialversicherungsnummer
field-id-healthInsurance = Krankenversichertennummer

field-family-maritalStatus = Familienstand
field-family-spouse = Ehe- oder Lebenspartner/in
field-family-anniversary = Hochzeitstag

field-loyalty-program = Kundenprogramm
field-loyalty-number = Nummer der Kundenkarte

field-vehicle-plate = Kfz-Kennzeichen

field-health-bloodType = Blutgruppe
field-health-allergies = Allergien
field-health-disability = Behinderung und nötige Hilfe

field-belief-religion = Religion

field-interest-hobby = Hobby

## Werte, die aus einer Liste gewählt werden

value-gender-sex-female = Weiblich
value-gender-sex-male = Männlich
value-gender-sex-other = Divers
value-gender-sex-none = Kein Eintrag
value-gender-sex-unknown = Unbekannt
value-preference-channel-email = Per E-Mail
value-preference-channel-phone = Per Telefon
value-preference-channel-message = Per Kurznachricht
value-preference-channel-post = Per Post
value-preference-channel-none = Gar nicht
value-family-maritalStatus-single = Ledig
value-family-maritalStatus-married = Verheiratet
value-family-maritalStatus-partnership = In eingetragener Lebenspartnerschaft
value-family-maritalStatus-separated = Getrennt lebend
value-family-maritalStatus-divorced = Geschieden
value-family-maritalStatus-widowed = Verwitwet
value-true = Ja
value-false = Nein

## Zwecke: wofür eine Angabe verwendet wird

purpose-serviceProvision = Leistung erbringen
purpose-serviceProvision-sentence = Um die Dienstleistung oder das Produkt bereitzustellen.
purpose-requestedServiceProvision = Gewünschte Leistung
purpose-requestedServiceProvision-sentence = Um zu tun, worum Sie gebeten haben.
purpose-deliveryOfGoods = Lieferung
purpose-deliveryOfGoods-sentence = Um zu liefern, was Sie bestellt haben.
purpose-customerOrderManagement = Bestellabwicklung
purpose-customerOrderManagement-sentence = Um Ihre Bestellungen zu bearbeiten.
purpose-paymentManagement = Zahlung und Rechnungen
purpose-paymentManagement-sentence = Um Zahlungen abzuwickeln, Rechnungen zu stellen und darüber Buch zu führen.
purpose-accountManagement = Kontoverwaltung
purpose-accountManagement-sentence = Um Ihr Kundenkonto einzurichten und zu führen.
purpose-serviceRegistration = Anmeldung
purpose-serviceRegistration-sentence = Um Sie für den Dienst anzumelden.
purpose-customerManagement = Kundenverwaltung
purpose-customerManagement-sentence = Um Sie als Kundin oder Kunden zu führen.
purpose-customerRelationshipManagement = Kundenbeziehung
purpose-customerRelationshipManagement-sentence = Um festzuhalten und auszuwerten, was die Firma aus dem Umgang mit Ihnen weiß.
purpose-customerCare = Kundenbetreuung
purpose-customerCare-sentence = Um Ihnen bei Fragen und Problemen zu helfen.
purpose-communicationForCustomerCare = Nachrichten des Kundendienstes
purpose-communicationForCustomerCare-sentence = Um Sie zu erreichen, wenn es um eine Frage oder ein Problem von Ihnen geht.
purpose-communicationManagement = Nachrichten
purpose-communicationManagement-sentence = Um Ihnen Nachrichten und Hinweise zu schicken.
purpose-customerClaimsManagement = Ansprüche
purpose-customerClaimsManagement-sentence = Um einen Anspruch zu bearbeiten, den Sie haben oder der gegen Sie besteht.
purpose-customerSolvencyMonitoring = Bonitätsprüfung
purpose-customerSolvencyMonitoring-sentence = Um zu prüfen, ob Sie zahlen können.
purpose-disputeManagement = Streitfälle
purpose-disputeManagement-sentence = Um einen Streit beizulegen.
purpose-establishContractualAgreement = Vertragsabschluss
purpose-establishContractualAgreement-sentence = Um einen Vertrag mit Ihnen zu schließen.
purpose-fulfilmentOfContractualObligation = Vertragserfüllung
purpose-fulfilmentOfContractualObligation-sentence = Um zu tun, was ein Vertrag mit Ihnen verlangt.
purpose-fulfilmentOfObligation = Erfüllung einer Verpflichtung
purpose-fulfilmentOfObligation-sentence = Um zu tun, wozu die Firma verpflichtet ist.
purpose-legalCompliance = Gesetzliche Pflicht
purpose-legalCompliance-sentence = Um zu tun, was ein Gesetz verlangt.
purpose-rightsFulfilment = Ihre Rechte
purpose-rightsFulfilment-sentence = Um zu antworten, wenn Sie ein Recht nutzen, das Ihnen das Gesetz gibt.
purpose-counterMoneyLaundering = Prüfung auf Geldwäsche
purpose-counterMoneyLaundering-sentence = Um Geldwäsche zu erkennen und zu verhindern.
purpose-fraudPreventionAndDetection = Schutz vor Betrug
purpose-fraudPreventionAndDetection-sentence = Um Betrug zu erkennen und zu verhindern.
purpose-misusePreventionAndDetection = Schutz vor Missbrauch
purpose-misusePreventionAndDetection-sentence = Um Missbrauch des Dienstes zu erkennen und zu verhindern.
purpose-identityVerification = Identitätsprüfung
purpose-identityVerification-sentence = Um zu prüfen, dass Sie die Person sind, für die Sie sich ausgeben.
purpose-identityAuthentication = Anmeldung am Konto
purpose-identityAuthentication-sentence = Um Sie und niemand anderen in Ihr Konto zu lassen.
purpose-ageVerification = Altersprüfung
purpose-ageVerification-sentence = Um Ihr Alter zu prüfen.
purpose-verification = Prüfung von Angaben
purpose-verification-sentence = Um zu prüfen, ob Ihre Angaben stimmen.
purpose-enforceSecurity = Sicherheit
purpose-enforceSecurity-sentence = Um Daten, Menschen und Systeme zu schützen.
purpose-enforceAccessControl = Zugangskontrolle
purpose-enforceAccessControl-sentence = Um zu entscheiden, wer Zugang bekommt.
purpose-serviceMonitoring = Überwachung des Dienstes
purpose-serviceMonitoring-sentence = Um zu beobachten, wie gut der Dienst läuft.
purpose-serviceUsageAnalytics = Nutzungsauswertung
purpose-serviceUsageAnalytics-sentence = Um zu messen, wie der Dienst genutzt wird.
purpose-serviceOptimisation = Verbesserung des Dienstes
purpose-serviceOptimisation-sentence = Um den Dienst besser zu machen.
purpose-improveExistingProductsAndServices = Verbesserung der Produkte
purpose-improveExistingProductsAndServices-sentence = Um bestehende Produkte und Dienste besser zu machen.
purpose-servicePersonalisation = Persönlich angepasster Dienst
purpose-servicePersonalisation-sentence = Um den Dienst auf Sie zuzuschneiden.
purpose-personalisedBenefits = Persönliche Vorteile
purpose-personalisedBenefits-sentence = Um Ihnen Vorteile zu geben, die für Sie gemacht sind.
purpose-providePersonalisedRecommendations = Empfehlungen
purpose-providePersonalisedRecommendations-sentence = Um Ihnen etwas zu empfehlen, das zu Ihnen passt.
purpose-provideProductRecommendations = Produktempfehlungen
purpose-provideProductRecommendations-sentence = Um Ihnen Produkte zu empfehlen.
purpose-provideEventRecommendations = Veranstaltungsempfehlungen
purpose-provideEventRecommendations-sentence = Um Ihnen Veranstaltungen zu empfehlen.
purpose-personalisation = Persönliche Anpassung
purpose-personalisation-sentence = Um auf Sie zuzuschneiden, was Sie sehen oder bekommen.
purpose-repairImpairments = Reparatur
purpose-repairImpairments-sentence = Um Fehler zu finden und zu beheben.
purpose-technicalServiceProvision = Technischer Betrieb
purpose-technicalServiceProvision-sentence = Um die Technik zu betreiben, die der Dienst braucht.
purpose-searchFunctionalities = Suche
purpose-searchFunctionalities-sentence = Damit gesucht und gefunden werden kann.
purpose-sellProductsToDataSubject = Verkauf an Sie
purpose-sellProductsToDataSubject-sentence = Um Ihnen Produkte oder Dienste zu verkaufen.
purpose-sellProducts = Verkauf
purpose-sellProducts-sentence = Um Produkte oder Dienste zu verkaufen.
purpose-sellDataToThirdParties = Verkauf von Daten
purpose-sellDataToThirdParties-sentence = Um Ihre Daten an andere zu verkaufen oder weiterzugeben.
purpose-sellInsightsFromData = Verkauf von Erkenntnissen
purpose-sellInsightsFromData-sentence = Um zu verkaufen oder weiterzugeben, was aus Ihren Daten abgeleitet wurde.
purpose-marketing = Marketing
purpose-marketing-sentence = Um für die Firma und ihr Angebot zu werben.
purpose-directMarketing = Direktwerbung
purpose-directMarketing-sentence = Um Ihnen Angebote direkt zu schicken.
purpose-advertising = Werbung
purpose-advertising-sentence = Um Werbung zu zeigen.
purpose-personalisedAdvertising = Personalisierte Werbung
purpose-personalisedAdvertising-sentence = Um Ihnen Werbung zu zeigen, die für Sie ausgewählt ist.
purpose-targetedAdvertising = Zielgruppenwerbung
purpose-targetedAdvertising-sentence = Um Werbung einer Gruppe zu zeigen, zu der Sie gezählt werden.
purpose-socialMediaMarketing = Marketing in sozialen Netzwerken
purpose-socialMediaMarketing-sentence = Um in sozialen Netzwerken für die Firma zu werben.
purpose-publicRelations = Öffentlichkeitsarbeit
purpose-publicRelations-sentence = Um das Ansehen der Firma in der Öffentlichkeit zu pflegen.
purpose-academicResearch = Forschung an Hochschulen
purpose-academicResearch-sentence = Um an einer Hochschule zu forschen.
purpose-commercialResearch = Kommerzielle Forschung
purpose-commercialResearch-sentence = Um für ein Unternehmen zu forschen.
purpose-nonCommercialResearch = Nicht kommerzielle Forschung
purpose-nonCommercialResearch-sentence = Um zu forschen, ohne dass es einem Geschäft dient.
purpose-scientificResearch = Wissenschaftliche Forschung
purpose-scientificResearch-sentence = Um wissenschaftlich zu forschen.
purpose-researchAndDevelopment = Forschung und Entwicklung
purpose-researchAndDevelopment-sentence = Um neue Verfahren, Produkte oder Dienste zu finden.
purpose-recordManagement = Aktenführung
purpose-recordManagement-sentence = Um festzuhalten, was getan wurde.
purpose-memberPartnerManagement = Mitgliedschaft
purpose-memberPartnerManagement-sentence = Um das Verzeichnis der Mitglieder oder Partner zu führen.
purpose-humanResourceManagement = Personal
purpose-humanResourceManagement-sentence = Um die Menschen zu verwalten, die dort arbeiten.
purpose-personnelHiring = Einstellung von Personal
purpose-personnelHiring-sentence = Um Menschen einzustellen.
purpose-vendorManagement = Lieferanten
purpose-vendorManagement-sentence = Um die Lieferanten der Firma zu verwalten.
purpose-organisationGovernance = Leitung der Organisation
purpose-organisationGovernance-sentence = Um die Organisation zu leiten.
purpose-organisationRiskManagement = Risiken der Organisation
purpose-organisationRiskManagement-sentence = Um mit den Risiken der Organisation umzugehen.
purpose-publicBenefit = Nutzen für die Allgemeinheit
purpose-publicBenefit-sentence = Um etwas für die Allgemeinheit zu tun.
purpose-dataAltruism = Daten für das Gemeinwohl
purpose-dataAltruism-sentence = Damit Daten, die Sie freiwillig geben, dem Gemeinwohl dienen.

## Rechtsgrundlagen (DSGVO Artikel 6): warum die Firma es darf

basis-consent = Einwilligung
basis-consent-sentence = Sie stimmen zu und können das jederzeit zurücknehmen.
basis-contract = Vertrag
basis-contract-sentence = Ohne diese Angabe kann ein Vertrag mit Ihnen nicht erfüllt werden.
basis-preContract = Schritte vor einem Vertrag
basis-preContract-sentence = Sie haben um Schritte auf dem Weg zu einem Vertrag gebeten, die das brauchen.
basis-legalObligation = Gesetzliche Pflicht
basis-legalObligation-sentence = Ein Gesetz verpflichtet die Firma dazu.
basis-vitalInterest = Lebenswichtiges Interesse
basis-vitalInterest-sentence = Leben oder Gesundheit eines Menschen hängt davon ab.
basis-publicInterest = Öffentliches Interesse
basis-publicInterest-sentence = Eine Aufgabe im öffentlichen Interesse braucht es.
basis-officialAuthority = Öffentliche Gewalt
basis-officialAuthority-sentence = Eine Behörde braucht es für eine Aufgabe, die ihr das Gesetz gibt.
basis-legitimateInterest = Berechtigtes Interesse
basis-legitimateInterest-sentence = Die Firma hat ein Interesse, das schwerer wiegt als Ihres. Sie können widersprechen.

## Ausnahmen vom Löschen (DSGVO Artikel 17 Absatz 3): warum die Firma etwas behält

exception-legalObligation = Gesetzliche Pflicht
exception-legalObligation-sentence = Ein Gesetz verpflichtet die Firma, es aufzubewahren, zum Beispiel Bücher und Rechnungen.
exception-legalClaims = Rechtsansprüche
exception-legalClaims-sentence = Es wird gebraucht, um einen Rechtsanspruch zu erheben, durchzusetzen oder abzuwehren.
exception-publicInterest = Öffentliches Interesse
exception-publicInterest-sentence = Eine Aufgabe im öffentlichen Interesse braucht es.
exception-officialAuthority = Öffentliche Gewalt
exception-officialAuthority-sentence = Eine Behörde braucht es für eine Aufgabe, die ihr das Gesetz gibt.
exception-publicHealth = Öffentliche Gesundheit
exception-publicHealth-sentence = Die öffentliche Gesundheit braucht es.
exception-archiving = Archiv, Forschung oder Statistik
exception-archiving-sentence = Archive, Forschung oder Statistik würden ohne diese Angabe leiden.
exception-freedomOfExpression = Meinungsfreiheit
exception-freedomOfExpression-sentence = Die Freiheit der Meinung und der Information braucht es.
