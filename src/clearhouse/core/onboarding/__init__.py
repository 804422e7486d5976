"""`Case`: how a legal entity comes to take part, from its application to the decision.

An application says who asks, and for which licences it wants to act. To it come documents, checks,
questions with their answers, and factors of risk, each with its reason. The rating is the worst of
the factors: what is bad in one respect is not made good by another. Two people decide over one
hash of the whole case, so that both have read the same. Afterwards a review is due, the sooner the
worse the rating.

What is recorded here is read by many: documents stay with whoever keeps them and are named by
their SHA-256, and natural persons are named in dossiers alone.

Source: FATF Recommendation 10 and its interpretive note (customer due diligence, risk factors,
enhanced measures); Wolfsberg Group, Correspondent Banking Due Diligence Questionnaire, for what is
asked.
"""

from clearhouse.core.onboarding.case import (
    Case,
    DocumentMissing,
    ExaminationMissing,
    FactorMissing,
    LicenceNotSought,
    QuestionOpen,
    review_due,
    worst,
)
from clearhouse.core.onboarding.records import (
    APPLICATIONS,
    DECISIONS,
    DOCUMENTS,
    DOCUMENTS_NEEDED,
    ENHANCED,
    EXAMINATIONS,
    EXAMINATIONS_NEEDED,
    FACTORS,
    FACTORS_OF_RISK,
    OF_CASE,
    QUESTIONS,
    REVIEWS,
    SOUGHT,
    Application,
    ApplicationDecided,
    ApplicationWrong,
    CaseChanged,
    Decision,
    DecisionWrong,
    Document,
    DocumentWrong,
    Examination,
    Level,
    LicenceSought,
    Outcome,
    Question,
    QuestionWrong,
    Review,
    ReviewAhead,
    RiskFactor,
    UnknownApplication,
)

__all__ = [
    "APPLICATIONS",
    "DECISIONS",
    "DOCUMENTS",
    "DOCUMENTS_NEEDED",
    "ENHANCED",
    "EXAMINATIONS",
    "EXAMINATIONS_NEEDED",
    "FACTORS",
    "FACTORS_OF_RISK",
    "OF_CASE",
    "QUESTIONS",
    "REVIEWS",
    "SOUGHT",
    "Application",
    "ApplicationDecided",
    "ApplicationWrong",
    "Case",
    "CaseChanged",
    "Decision",
    "DecisionWrong",
    "Document",
    "DocumentMissing",
    "DocumentWrong",
    "Examination",
    "ExaminationMissing",
    "FactorMissing",
    "Level",
    "LicenceNotSought",
    "LicenceSought",
    "Outcome",
    "Question",
    "QuestionOpen",
    "QuestionWrong",
    "Review",
    "ReviewAhead",
    "RiskFactor",
    "UnknownApplication",
    "review_due",
    "worst",
]
