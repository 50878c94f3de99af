import './base.css';
import './report.css';
import './documents.css';
