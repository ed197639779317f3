# The vocabulary in words: labels of fields, facets, purposes and legal bases.
#
# A message's name is what it names in specs/vocabulary.json: the field phone.workMobile is field-phone-workMobile. Dots become
# hyphens and capital letters stay, so nothing is lost: no name in the vocabulary has a hyphen, and names of messages keep their case.
# Names of standards and companies stay as they are (IBAN, XMPP, LinkedIn), and so do blood groups, which have no message.
# English labels say what the vocabulary says; a test compares them, and looks that every language has every message.

## Facets

facet-name = Name
facet-gender = Gender
facet-birth = Birth
facet-nationality = Nationality
facet-language = Languages
facet-timezone = Time zone
facet-phone = Phone
facet-email = Email
facet-address = Addresses
facet-organization = Work
facet-web = Web pages
facet-social = Social networks
facet-im = Messaging
facet-payment = Bank account
facet-preference = Preferences
facet-emergency = Emergency contact
facet-id = Official numbers
facet-family = Family
facet-loyalty = Loyalty programme
facet-vehicle = Vehicle
facet-health = Health
facet-belief = Belief
facet-interest = Interests
facet-x = Other

## Fields

field-name-full = Full name
field-name-prefix = Title before the name
field-name-given = Given name
field-name-additional = Middle names
field-name-family = Family name
field-name-suffix = Letters after the name
field-name-nick = Nickname
field-name-phoneticGiven = Given name as it is spoken
field-name-phoneticFamily = Family name as it is spoken
field-name-birth = Family name at birth

field-gender-sex = Sex as in official papers
field-gender-identity = Gender in own words
field-gender-pronouns = Pronouns

field-birth-date = Date of birth
field-birth-place = Place of birth
field-birth-country = Country of birth

field-nationality-primary = Nationality
field-nationality-secondary = Second nationality

field-language-preferred = Preferred language
field-language-second = Second language

field-timezone-home = Time zone

field-phone-mobile = Mobile phone
field-phone-home = Phone at home
field-phone-work = Phone at work
field-phone-workMobile = Mobile phone at work
field-phone-other = Other phone
field-phone-faxHome = Fax at home
field-phone-faxWork = Fax at work
field-phone-pager = Pager

field-email-personal = Personal email
field-email-work = Email at work
field-email-billing = Email for invoices
field-email-other = Other email

field-address-home-street = Home address: street and number
field-address-home-extra = Home address: floor, flat, care of
field-address-home-locality = Home address: town
field-address-home-region = Home address: state or region
field-address-home-postalCode = Home address: postal code
field-address-home-country = Home address: country
field-address-home-poBox = Home address: post box
field-address-delivery-street = Delivery address: street and number
field-address-delivery-extra = Delivery address: floor, flat, care of
field-address-delivery-locality = Delivery address: town
field-address-delivery-region = Delivery address: state or region
field-address-delivery-postalCode = Delivery address: postal code
field-address-delivery-country = Delivery address: country
field-address-delivery-poBox = Delivery address: post box
field-address-billing-street = Billing address: street and number
field-address-billing-extra = Billing address: floor, flat, care of
field-address-billing-locality = Billing address: town
field-address-billing-region = Billing address: state or region
field-address-billing-postalCode = Billing address: postal code
field-address-billing-country = Billing address: country
field-address-billing-poBox = Billing address: post box
field-address-work-street = Work address: street and number
field-address-work-extra = Work address: floor, flat, care of
field-address-work-locality = Work address: town
field-address-work-region = Work address: state or region
field-address-work-postalCode = Work address: postal code
field-address-work-country = Work address: country
field-address-work-poBox = Work address: post box

field-organization-name = Company or organization
field-organization-unit = Department
field-organization-title = Job title
field-organization-role = Role
field-organization-vatId = VAT number of the business

field-web-home = Personal web page
field-web-work = Web page at work

field-social-linkedin = LinkedIn profile
field-social-mastodon = Mastodon profile
field-social-x = X profile
field-social-github = GitHub profile
field-social-instagram = Instagram profile
field-social-facebook = Facebook profile

field-im-xmpp = XMPP address
field-im-matrix = Matrix address
field-im-sip = SIP address

field-payment-iban = Bank account (IBAN)
field-payment-bic = Bank (BIC)
field-payment-holder = Holder of the bank account

field-preference-channel = How to be contacted
field-preference-marketing = Offers and advertising wanted
field-preference-calls = Calls wanted

field-emergency-name = Person to call in an emergency
field-emergency-phone = Phone of the person to call in an emergency
field-emergency-relation = How the person to call is related

field-id-tax = Tax number
field-id-national = Number of the identity card
field-id-passport = Passport number
field-id-passportCountry = Country of the passport
field-id-passportExpiry = Passport valid until
field-id-driverLicense = Driving licence number
field-id-socialSecurity = Social security number
field-id-healthInsurance = Health insurance number

field-family-maritalStatus = Marital status
field-family-spouse = Spouse or partner
field-family-anniversary = Wedding anniversary

field-loyalty-program = Loyalty programme
field-loyalty-number = Loyalty card number

field-vehicle-plate = Number plate

field-health-bloodType = Blood type
field-health-allergies = Allergies
field-health-disability = Disability and help needed

field-belief-religion = Religion

field-interest-hobby = Hobby

## Values that are chosen from a list

value-gender-sex-female = Female
value-gender-sex-male = Male
value-gender-sex-other = Other
value-gender-sex-none = None
value-gender-sex-unknown = Unknown
value-preference-channel-email = By email
value-preference-channel-phone = By phone
value-preference-channel-message = By text message
value-preference-channel-post = By post
value-preference-channel-none = Not at all
value-family-maritalStatus-single = Single
value-family-maritalStatus-married = Married
value-family-maritalStatus-partnership = In a registered partnership
value-family-maritalStatus-separated = Separated
value-family-maritalStatus-divorced = Divorced
value-family-maritalStatus-widowed = Widowed
value-true = Yes
value-false = No

## Purposes: what a value is used for

purpose-serviceProvision = Service provision
purpose-serviceProvision-sentence = To provide the service or product.
purpose-requestedServiceProvision = Requested service
purpose-requestedServiceProvision-sentence = To do what you asked for.
purpose-deliveryOfGoods = Delivery of goods
purpose-deliveryOfGoods-sentence = To deliver what you ordered.
purpose-customerOrderManagement = Order handling
purpose-customerOrderManagement-sentence = To process your orders.
purpose-paymentManagement = Payment and invoices
purpose-paymentManagement-sentence = To charge you, invoice you and keep the books on it.
purpose-accountManagement = Account management
purpose-accountManagement-sentence = To open and keep your account.
purpose-serviceRegistration = Registration
purpose-serviceRegistration-sentence = To sign you up for the service.
purpose-customerManagement = Customer management
purpose-customerManagement-sentence = To manage you as a customer.
purpose-customerRelationshipManagement = Customer relationship
purpose-customerRelationshipManagement-sentence = To keep and analyse what the company knows of its dealings with you.
purpose-customerCare = Customer care
purpose-customerCare-sentence = To help you when you have a question or a problem.
purpose-communicationForCustomerCare = Customer service messages
purpose-communicationForCustomerCare-sentence = To reach you about a question or a problem of yours.
purpose-communicationManagement = Messages
purpose-communicationManagement-sentence = To send you messages and notices.
purpose-customerClaimsManagement = Claims
purpose-customerClaimsManagement-sentence = To handle a claim of yours or against you.
purpose-customerSolvencyMonitoring = Solvency check
purpose-customerSolvencyMonitoring-sentence = To check whether you can pay.
purpose-disputeManagement = Disputes
purpose-disputeManagement-sentence = To settle a dispute.
purpose-establishContractualAgreement = Entering into a contract
purpose-establishContractualAgreement-sentence = To make a contract with you.
purpose-fulfilmentOfContractualObligation = Fulfilling a contract
purpose-fulfilmentOfContractualObligation-sentence = To do what a contract with you demands.
purpose-fulfilmentOfObligation = Fulfilling an obligation
purpose-fulfilmentOfObligation-sentence = To do what the company is bound to do.
purpose-legalCompliance = Legal duty
purpose-legalCompliance-sentence = To do what a law demands.
purpose-rightsFulfilment = Your rights
purpose-rightsFulfilment-sentence = To answer when you use a right that the law gives you.
purpose-counterMoneyLaundering = Money laundering checks
purpose-counterMoneyLaundering-sentence = To find and prevent money laundering.
purpose-fraudPreventionAndDetection = Fraud prevention
purpose-fraudPreventionAndDetection-sentence = To find and prevent fraud.
purpose-misusePreventionAndDetection = Misuse prevention
purpose-misusePreventionAndDetection-sentence = To find and prevent misuse of the service.
purpose-identityVerification = Identity check
purpose-identityVerification-sentence = To check that you are who you say you are.
purpose-identityAuthentication = Login
purpose-identityAuthentication-sentence = To let you and nobody else into your account.
purpose-ageVerification = Age check
purpose-ageVerification-sentence = To check your age.
purpose-verification = Checking
purpose-verification-sentence = To check that what you stated is right.
purpose-enforceSecurity = Security
purpose-enforceSecurity-sentence = To keep data, people and systems safe.
purpose-enforceAccessControl = Access control
purpose-enforceAccessControl-sentence = To decide who gets in.
purpose-serviceMonitoring = Service monitoring
purpose-serviceMonitoring-sentence = To watch how well the service works.
purpose-serviceUsageAnalytics = Usage analytics
purpose-serviceUsageAnalytics-sentence = To measure how the service is used.
purpose-serviceOptimisation = Improving the service
purpose-serviceOptimisation-sentence = To make the service better.
purpose-improveExistingProductsAndServices = Improving products
purpose-improveExistingProductsAndServices-sentence = To make existing products and services better.
purpose-servicePersonalisation = Personalised service
purpose-servicePersonalisation-sentence = To fit the service to you.
purpose-personalisedBenefits = Personalised benefits
purpose-personalisedBenefits-sentence = To give you benefits that are made for you.
purpose-providePersonalisedRecommendations = Recommendations
purpose-providePersonalisedRecommendations-sentence = To recommend things to you.
purpose-provideProductRecommendations = Product recommendations
purpose-provideProductRecommendations-sentence = To recommend products to you.
purpose-provideEventRecommendations = Event recommendations
purpose-provideEventRecommendations-sentence = To recommend events to you.
purpose-personalisation = Personalisation
purpose-personalisation-sentence = To fit what you see or get to you.
purpose-repairImpairments = Repair
purpose-repairImpairments-sentence = To find and repair faults.
purpose-technicalServiceProvision = Technical operation
purpose-technicalServiceProvision-sentence = To run the technology that the service needs.
purpose-searchFunctionalities = Search
purpose-searchFunctionalities-sentence = To let things be searched and found.
purpose-sellProductsToDataSubject = Sales to you
purpose-sellProductsToDataSubject-sentence = To sell you products or services.
purpose-sellProducts = Sales
purpose-sellProducts-sentence = To sell products or services.
purpose-sellDataToThirdParties = Selling data
purpose-sellDataToThirdParties-sentence = To sell or pass your data on to others.
purpose-sellInsightsFromData = Selling insights
purpose-sellInsightsFromData-sentence = To sell or pass on what was learnt from your data.
purpose-marketing = Marketing
purpose-marketing-sentence = To promote the company and what it offers.
purpose-directMarketing = Direct marketing
purpose-directMarketing-sentence = To send you offers directly.
purpose-advertising = Advertising
purpose-advertising-sentence = To show advertising.
purpose-personalisedAdvertising = Personalised advertising
purpose-personalisedAdvertising-sentence = To show you advertising that is chosen for you.
purpose-targetedAdvertising = Targeted advertising
purpose-targetedAdvertising-sentence = To show advertising to a group that you are counted in.
purpose-socialMediaMarketing = Social media marketing
purpose-socialMediaMarketing-sentence = To promote the company on social media.
purpose-publicRelations = Public relations
purpose-publicRelations-sentence = To care for the company's name in public.
purpose-academicResearch = Academic research
purpose-academicResearch-sentence = To do research at a university.
purpose-commercialResearch = Commercial research
purpose-commercialResearch-sentence = To do research for a business.
purpose-nonCommercialResearch = Non-commercial research
purpose-nonCommercialResearch-sentence = To do research that serves no business.
purpose-scientificResearch = Scientific research
purpose-scientificResearch-sentence = To do scientific research.
purpose-researchAndDevelopment = Research and development
purpose-researchAndDevelopment-sentence = To find new methods, products or services.
purpose-recordManagement = Record keeping
purpose-recordManagement-sentence = To keep the records of what was done.
purpose-memberPartnerManagement = Membership
purpose-memberPartnerManagement-sentence = To keep the register of members or partners.
purpose-humanResourceManagement = Staff
purpose-humanResourceManagement-sentence = To manage the people who work there.
purpose-personnelHiring = Hiring
purpose-personnelHiring-sentence = To hire people.
purpose-vendorManagement = Suppliers
purpose-vendorManagement-sentence = To manage those who supply the company.
purpose-organisationGovernance = Running the organization
purpose-organisationGovernance-sentence = To run the organization.
purpose-organisationRiskManagement = Risk management
purpose-organisationRiskManagement-sentence = To manage the risks of the organization.
purpose-publicBenefit = Public benefit
purpose-publicBenefit-sentence = To do something for the public.
purpose-dataAltruism = Data for the common good
purpose-dataAltruism-sentence = To let the common good profit from data you give freely.

## Legal bases (GDPR Article 6): why the company may

basis-consent = Consent
basis-consent-sentence = You agree, and can take it back at any time.
basis-contract = Contract
basis-contract-sentence = A contract with you cannot be fulfilled without it.
basis-preContract = Steps before a contract
basis-preContract-sentence = You asked for steps towards a contract that need it.
basis-legalObligation = Legal obligation
basis-legalObligation-sentence = A law obliges the company.
basis-vitalInterest = Vital interest
basis-vitalInterest-sentence = Somebody's life or health depends on it.
basis-publicInterest = Public interest
basis-publicInterest-sentence = A task in the public interest needs it.
basis-officialAuthority = Official authority
basis-officialAuthority-sentence = An authority needs it for what the law has given it to do.
basis-legitimateInterest = Legitimate interest
basis-legitimateInterest-sentence = The company has an interest that outweighs yours, and you can object.

## Exceptions from erasure (GDPR Article 17(3)): why the company keeps something

exception-legalObligation = Legal obligation
exception-legalObligation-sentence = A law obliges the company to keep it, for example books and invoices.
exception-legalClaims = Legal claims
exception-legalClaims-sentence = It is needed to make, exercise or defend a legal claim.
exception-publicInterest = Public interest
exception-publicInterest-sentence = A task in the public interest needs it.
exception-officialAuthority = Official authority
exception-officialAuthority-sentence = An authority needs it for what the law has given it to do.
exception-publicHealth = Public health
exception-publicHealth-sentence = Public health needs it.
exception-archiving = Archiving, research or statistics
exception-archiving-sentence = Archives, research or statistics would be impaired without it.
exception-freedomOfExpression = Freedom of expression
exception-freedomOfExpression-sentence = Freedom of expression and information needs it.
